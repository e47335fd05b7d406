"""Where pictures come from, what one may do with them, and how to open them."""
