"""Algebras say what numbers and primitives mean; programs are carried out in them."""
