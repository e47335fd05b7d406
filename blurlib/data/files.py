"""Image files among other files: found, read one after the other, and the bad ones named."""

from pathlib import Path

from .images import MAX_PIXELS, ImageError, load_image, path_in_words

#: Endings by which a folder's images are known.
SUFFIXES = (
    ".apng", ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo", ".pbm", ".pfm", ".pgm",
    ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp",
)  # fmt: skip


def load_images(paths, *, min_side=1, max_pixels=MAX_PIXELS):
    """Read image files one after the other; a bad one is named, and the rest goes on.

    Parameters
    ----------
    paths : iterable of str or path-like
        Files and folders, as for `list_images`.
    min_side : int, optional
        A picture with a shorter side is left out; pass the size of your patches.
    max_pixels : int, optional
        A larger picture is left out, see `load_image`.

    Returns
    -------
    images : iterator of (path, image, error)
        One for each file, read when it is asked for: the image and None, or None and a line that
        names the file and says why it is left out.

    Raises
    ------
    TypeError, FileNotFoundError
        As `list_images`, and at once: a path that you named yourself is missing.

    Examples
    --------
    >>> import tempfile, torch
    >>> from blurlib.data import write_image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_image(f"{folder}/good.png", torch.zeros(2, 3))
    ...     _ = Path(folder, "bad.png").write_bytes(b"")
    ...     files = list_images([folder])  # len(files) is the total of a progress bar
    ...     for path, image, error in load_images(files):
    ...         print(path.name, "left out" if image is None else image.shape)
    bad.png left out
    good.png torch.Size([2, 3])
    """
    return (_load_or_say(path, min_side, max_pixels) for path in list_images(paths))


def _load_or_say(path, min_side, max_pixels):
    """Return (path, image, None) or (path, None, the error's line)."""
    try:
        image = load_image(path, max_pixels=max_pixels)
    except (ImageError, OSError, MemoryError) as error:
        return path, None, str(error)
    if min(image.shape) < min_side:
        few = f"{image.shape[1]} x {image.shape[0]} pixels, and no side may be below {min_side=}"
        return path, None, f"cannot use {path_in_words(path)}: it has {few}; use a larger picture."
    return path, image, None


def list_images(paths):
    """Return the image files among the given files and folders.

    Parameters
    ----------
    paths : iterable of str or path-like
        A file stands for itself; a folder for what lies in it (not below) with an image's ending.
        Broken links and pipes are listed too, so that the loader names them.

    Returns
    -------
    files : list of Path
        In the order given, each folder's sorted by name.

    Raises
    ------
    TypeError
        If `paths` is a single path.
    FileNotFoundError
        If a path does not exist, or a folder holds no image.
    """
    if isinstance(paths, str | Path):
        raise TypeError(f"paths must be a list of files and folders, got the single {paths!r}.")
    files = []
    for path in map(Path, paths):
        if not path.exists():
            raise FileNotFoundError(f"there is no file or folder {path_in_words(path)}")
        if not path.is_dir():
            files.append(path)
            continue
        found = sorted(
            item for item in path.iterdir() if item.suffix.lower() in SUFFIXES and not item.is_dir()
        )
        if not found:
            folder, endings = path_in_words(path), ", ".join(SUFFIXES)
            raise FileNotFoundError(f"the folder {folder} holds no image ({endings})")
        files.extend(found)
    return files


def passed_over(paths):
    """Return the files that `list_images` passes over in the given folders: their endings differ.

    Parameters
    ----------
    paths : iterable of str or path-like
        Files and folders, as for `list_images`.

    Returns
    -------
    files : list of Path
        Hidden files are not among them.
    """
    return [
        item
        for folder in map(Path, paths)
        if folder.is_dir()
        for item in sorted(folder.iterdir())
        if item.suffix.lower() not in SUFFIXES and item.is_file() and item.name[0] != "."
    ]
