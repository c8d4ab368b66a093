"""Query encoders in forms that others read without this package."""
