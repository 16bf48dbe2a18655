"""Makes the archives of this folder, good and bad, with Python's own tarfile and zipfile: python make_archives.py."""

import io
import stat
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent / "archives"
DATE = (2024, 1, 1, 0, 0, 0)
LONG = "deep/" * 30 + "file.txt"


def tar(name, entries, mode="w", form=tarfile.PAX_FORMAT):
    with tarfile.open(HERE / name, mode, format=form) as archive:
        for path, content in entries:
            info = tarfile.TarInfo(path)
            info.mtime = 0
            if content is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            elif isinstance(content, bytes):
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                info.type, info.linkname = content
                archive.addfile(info)


def zipped(name, entries, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(HERE / name, "w", method) as archive:
        for path, content, *mode in entries:
            info = zipfile.ZipInfo(path, DATE)
            info.compress_type = method
            info.external_attr = (mode[0] if mode else stat.S_IFREG | 0o644) << 16
            archive.writestr(info, content)


def main():
    HERE.mkdir(exist_ok=True)
    good = [("./model.bst", b"model"), ("folder", None), ("folder/größe.txt", b"x" * 1000), ("empty", b""), (LONG, b"long")]
    symlink, hardlink = tarfile.SYMTYPE, tarfile.LNKTYPE
    inner = [("folder/link", (symlink, "../model.bst")), ("hard", (hardlink, "folder/größe.txt"))]
    tar("good.tar", good + inner)
    tar("good-gnu.tar", good + inner, form=tarfile.GNU_FORMAT)
    tar("good.tgz", good, "w:gz")
    zipped("good.zip", [(p, c or b"") for p, c in good if c is not None])
    zipped("stored.zip", [("model.bst", b"model")], zipfile.ZIP_STORED)
    tar("traversal.tar", [("a.txt", b"a"), ("../evil.txt", b"evil")])
    tar("absolute.tar", [("/tmp/evil.txt", b"evil")])
    tar("link-out.tar", [("folder/link", (symlink, "../../evil"))])
    tar("link-absolute.tar", [("link", (symlink, "/etc/passwd"))])
    tar("link-through-link.tar", [("a/b/c", b""), ("s", (symlink, "a/b")), ("s/x", (symlink, "../../../evil"))])
    tar("hardlink-out.tar", [("link", (hardlink, "../evil.txt"))])
    tar("dangling.tar", [("link", (symlink, "nothing"))])
    zipped("traversal.zip", [("../evil.txt", b"evil")])
    zipped("backslash.zip", [("..\\evil.txt", b"evil")])
    zipped("link.zip", [("link", b"/etc/passwd", stat.S_IFLNK | 0o777)])
    zipped("bzip2.zip", [("a", b"a" * 100)], zipfile.ZIP_BZIP2)
    zipped("bomb.zip", [("zeros", bytes(3_000_000))])
    cut = (HERE / "good.tar").read_bytes()
    (HERE / "cut.tar").write_bytes(cut[:1600])
    damaged = bytearray((HERE / "good.tgz").read_bytes())
    damaged[60] ^= 0xFF
    (HERE / "damaged.tgz").write_bytes(damaged)
    (HERE / "cut.zip").write_bytes((HERE / "good.zip").read_bytes()[:-40])
    (HERE / "text.zip").write_bytes(b"not a zip")


if __name__ == "__main__":
    main()
