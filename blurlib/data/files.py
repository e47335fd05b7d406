"""Image files among other files: found by their endings."""

from pathlib import Path

from .images import path_in_words

#: Endings by which a folder's images are known.
SUFFIXES = (
    ".apng", ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo", ".pbm", ".pfm", ".pgm",
    ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp")  # fmt: skip


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
        there = (item for item in path.iterdir() if not item.is_dir())
        found = sorted(item for item in there if item.suffix.lower() in SUFFIXES)
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
    folders = (folder for folder in map(Path, paths) if folder.is_dir())
    files = (item for folder in folders for item in sorted(folder.iterdir()) if item.is_file())
    return [item for item in files if item.suffix.lower() not in SUFFIXES and item.name[0] != "."]
