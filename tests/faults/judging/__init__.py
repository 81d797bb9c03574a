"""The judge, subject by subject. It knows what was promised, and none of the product's code."""
