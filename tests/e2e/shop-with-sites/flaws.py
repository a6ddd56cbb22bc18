"""Nothing is planted: the shop is as it is shipped."""
