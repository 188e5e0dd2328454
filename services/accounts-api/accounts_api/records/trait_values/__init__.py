"""What a workspace defined a trait to be (`definitions`), and in which form a value of it is stored
(`values`).
"""
