"""Nothing is planted by chance: the backups that this shop has are the same in every variant, and worth
nothing. What differs is the business (figures of the brief) and which disasters are drawn.
"""
