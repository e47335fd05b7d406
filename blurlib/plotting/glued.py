"""Numbers of a chapter's code, handed to its prose."""


def glue(**values):
    """Hand numbers to the prose of a chapter, which shows them with ``{glue:text}`NAME:.2f```.

    Parameters
    ----------
    **values : float, int or str
        By the names under which the prose asks for them; tensors of one number become numbers.

    Raises
    ------
    ModuleNotFoundError
        If myst-nb, which builds the book, is not installed: ``pip install blurlib[book]``.

    Examples
    --------
    >>> glue(ramp_error=0.114)  # doctest: +SKIP
    """
    try:
        from myst_nb import glue as glue_one
    except ModuleNotFoundError as error:
        remedy = "numbers reach a chapter's text by myst-nb: pip install blurlib[book]."
        raise ModuleNotFoundError(remedy) from error
    for name, value in values.items():
        glue_one(name, value.item() if hasattr(value, "item") else value, display=False)
