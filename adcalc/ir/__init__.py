"""What every other room speaks of: expressions of three kinds of node, exact numbers, and Wengert lists."""
