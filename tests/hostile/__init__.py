"""Damage, kills and hostile names on the smallest design that goes through every stage."""
