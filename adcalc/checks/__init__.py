"""What an answer must not come without: domains, kinks, what is not finite, and how many digits are certain."""
