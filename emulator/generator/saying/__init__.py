"""What a text says of the parameters of tools.

The text is read once (`mentions`). A tool's parameters are read from its schema (`parameters`). The calls of the tool
that the text asks for, and the values that it says, come from one pass over the mentions (`assigning`); an explicit
call or assignment, such as `f(3)` or `a=1`, goes before it (`notation`). What is left is looked for in plain words
(`phrases`). Which tools are called, and which part of the text each is called for, is decided in `tasks`.
"""
