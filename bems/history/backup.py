"""A copy of the record, made while it is being written, and the way back from it.

A backup is a folder or one tar file: a copy of the SQLite file as it was at one moment, the archive's files of that
moment, other files worth keeping, and a manifest with the SHA-256 of each. A folder may be used again and again: files
that it has already are not copied a second time, and the manifest is replaced last, so that a backup that was broken
off leaves the one before it whole. Nothing here writes to the record.
"""

import json
import os
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from bems.durable import sync_folder
from bems.history.catalogue import FOLDER
from bems.history.errors import clear_errors
from bems.history.schema import open_for_reading

MANIFEST: Final = "manifest.json"
RECORD: Final = "record.sqlite"
BESIDE: Final = ("models.jsonl", "twin_days.jsonl")
"""Other files of a data folder that cannot be made again from the record."""
FORMAT: Final = 1
TRIES: Final = 5
"""A file of the archive that is replaced while we copy sends us back to the start so many times."""
_BLOCK: Final = 1 << 20


class BackupError(Exception):
    """The backup cannot be made, or is not whole; the text says what is wrong and with which file."""


@dataclass(frozen=True)
class Kept:
    """One file of a backup."""

    name: str
    """Where it belongs in the data folder, with slashes."""
    stored: str
    """Its name in the backup."""
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds."""

    made_at: datetime
    schema: int
    files: tuple[Kept, ...]

    def to_json(self) -> str:
        """For people too: a file a line."""
        head = {"format": FORMAT, "made_at": self.made_at.isoformat(), "schema": self.schema}
        files = ",\n  ".join(json.dumps(asdict(file)) for file in self.files)
        return f'{json.dumps(head)[:-1]}, "files": [\n  {files}\n]}}\n'

    @classmethod
    def from_json(cls, text: str, where: object) -> "Manifest":
        """BackupError when it is not one."""
        try:
            raw = json.loads(text)
            if raw["format"] != FORMAT:
                raise BackupError(f"{where} is a backup of another program version (format {raw['format']})")
            files = tuple(Kept(**file) for file in raw["files"])
            manifest = cls(datetime.fromisoformat(raw["made_at"]), int(raw["schema"]), files)
        except (ValueError, KeyError, TypeError) as error:
            raise BackupError(f"{where}: its {MANIFEST} cannot be read ({error!r})") from error
        for file in files:
            for name in (file.name, file.stored):
                if name.startswith("/") or ".." in name.split("/"):
                    raise BackupError(f"{where}: its {MANIFEST} names a file outside of it: {name}")
        return manifest

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def backup(data: Path, target: Path, now: datetime) -> Manifest:
    """Copies the record of the folder `data`; `target` is a folder, or a file that ends in .tar.

    RecordError when the record cannot be read, BackupError or OSError when the copy cannot be made; then what the
    target held before is still there.
    """
    if target.suffix == ".tar":
        return _to_tar(data, target, now)
    return _to_folder(data, target, now)


def _to_folder(data: Path, folder: Path, now: datetime) -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    foreign = [p.name for p in folder.iterdir()]
    if foreign and not (folder / MANIFEST).exists() and not all(_ours(name) for name in foreign):
        raise BackupError(f"{folder} holds other things ({', '.join(sorted(foreign)[:3])}); name a folder of its own")
    stored = f"record-{now.astimezone(UTC):%Y%m%dT%H%M%S%f}Z.sqlite"
    try:
        manifest = _gathered(data, folder, stored, now)
        _write_durably(folder / MANIFEST, manifest.to_json())
    except BaseException:
        with suppress(OSError):
            (folder / stored).unlink(missing_ok=True)
        raise
    _drop_unlisted(folder, {file.stored for file in manifest.files})
    return manifest


def _gathered(data: Path, folder: Path, stored: str, now: datetime) -> Manifest:
    for attempt in range(1, TRIES + 1):
        schema, listed = snapshot(data / RECORD, folder / stored)
        files = [Kept(RECORD, stored, *_hashed(folder / stored))]
        try:
            files += [_copied(data, folder, name, digest) for name, digest in listed]
            break
        except FileNotFoundError as error:
            if attempt == TRIES:
                raise BackupError(f"{error.filename} is in the record's list but not on the disk") from error
    files += [_copied(data, folder, name, None) for name in BESIDE if (data / name).exists()]
    return Manifest(now.astimezone(UTC), schema, tuple(files))


def _ours(name: str) -> bool:
    """Left behind by a first backup that was broken off."""
    return name.startswith("record-") or name in (FOLDER, *BESIDE)


def _to_tar(data: Path, target: Path, now: datetime) -> Manifest:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    copy = target.with_name(f".{target.name}.record")
    try:
        for attempt in range(1, TRIES + 1):
            schema, listed = snapshot(data / RECORD, copy)
            try:
                manifest = _pack(data, part, copy, listed, Manifest(now.astimezone(UTC), schema, ()))
                break
            except FileNotFoundError as error:
                if attempt == TRIES:
                    raise BackupError(f"{error.filename} is in the record's list but not on the disk") from error
        part.replace(target)
        sync_folder(target.parent)
    finally:
        for left in (part, copy):
            left.unlink(missing_ok=True)
    return manifest


def _pack(data: Path, part: Path, copy: Path, listed: list[tuple[str, str]], head: Manifest) -> Manifest:
    files = [Kept(RECORD, RECORD, *_hashed(copy))]
    with part.open("wb") as out, tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(copy, RECORD)
        wanted = [(name, digest) for name, digest in listed]
        wanted += [(name, "") for name in BESIDE if (data / name).exists()]
        for name, digest in wanted:
            kept = Kept(name, name, *_hashed(data / name))
            if digest and kept.sha256 != digest:
                raise BackupError(f"{data / name} is damaged: its SHA-256 is not the one in the record's list")
            tar.add(data / name, name)
            files.append(kept)
        manifest = Manifest(head.made_at, head.schema, tuple(files))
        text = part.with_name(f".{part.name}.manifest")
        try:
            text.write_text(manifest.to_json(), "utf-8")
            tar.add(text, MANIFEST)
        finally:
            text.unlink()
        tar.close()
        out.flush()
        os.fsync(out.fileno())
    return manifest


def snapshot(record: Path, copy: Path) -> tuple[int, list[tuple[str, str]]]:
    """Copies the SQLite file as it is at one moment; returns its schema and the archive's files with their SHA-256.

    Whoever writes the record is not held up, and reads on a disk of its size are all that it costs. RecordError.
    """
    copy.unlink(missing_ok=True)
    with closing(open_for_reading(record, busy_timeout_s=5.0)) as source, clear_errors(copy):
        with closing(sqlite3.connect(copy, isolation_level=None)) as into:
            source.backup(into)
            into.execute("PRAGMA journal_mode = DELETE")  # one file, readable where nothing may be written
            schema = int(into.execute("PRAGMA user_version").fetchone()[0])
            listed = into.execute("SELECT file, sha256 FROM archive ORDER BY first_tick").fetchall()
        with copy.open("rb") as file:
            os.fsync(file.fileno())
    return schema, listed


def _copied(data: Path, folder: Path, name: str, digest: str | None) -> Kept:
    """Copies a file unless the folder has the same one. BackupError when it is not what the record says."""
    source, target = data / name, folder / name
    if digest is not None and target.exists():
        size, there = _hashed(target)
        if there == digest:
            return Kept(name, name, size, digest)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    with source.open("rb") as file:
        size, copied = _copy(file, part)
    if digest is not None and copied != digest:
        part.unlink()
        raise BackupError(f"{source} is damaged: its SHA-256 is not the one in the record's list")
    part.replace(target)
    sync_folder(target.parent)
    return Kept(name, name, size, copied)


def _drop_unlisted(folder: Path, stored: set[str]) -> None:
    """What an earlier backup held and this one does not, deleted personal samples among them."""
    for path in [*folder.glob("record-*.sqlite"), *folder.glob(f"{FOLDER}/**/*.parquet*")]:
        if path.relative_to(folder).as_posix() not in stored:
            path.unlink()


# --- back from it ---------------------------------------------------------------------------------------------------


class Source:
    """A backup, opened for reading: a folder or a tar file. BackupError when it is neither."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tar: tarfile.TarFile | None = None
        try:
            if path.is_dir():
                text = (path / MANIFEST).read_text("utf-8")
            else:
                self._tar = tarfile.open(path)  # noqa: SIM115  (closed by `close`)
                with self.open(MANIFEST) as file:
                    text = file.read().decode("utf-8")
            self.manifest = Manifest.from_json(text, path)
        except (OSError, tarfile.TarError, UnicodeDecodeError) as error:
            self.close()
            raise BackupError(f"{path} is no backup ({error})") from error
        except BaseException:
            self.close()
            raise

    def open(self, stored: str) -> IO[bytes]:
        """A file of it. FileNotFoundError, TarError."""
        if self._tar is None:
            return (self.path / stored).open("rb")
        try:
            member = self._tar.extractfile(stored)
        except KeyError as error:
            raise FileNotFoundError(f"{self.path} has no {stored}") from error
        if member is None:
            raise FileNotFoundError(f"{stored} in {self.path} is no file")
        return member

    def faults(self) -> Iterator[str]:
        """What is missing or is not what the manifest says: a line a file."""
        for kept in self.manifest.files:
            try:
                with self.open(kept.stored) as file:
                    size, digest = _digest(file)
            except (OSError, tarfile.TarError) as error:
                yield f"{kept.stored}: {error}"
                continue
            if (size, digest) != (kept.size, kept.sha256):
                yield f"{kept.stored}: {size} bytes with another SHA-256 than the manifest's ({kept.size} bytes)"

    def close(self) -> None:
        """Harmless when it is closed."""
        if self._tar is not None:
            self._tar.close()


def restore(path: Path, data: Path) -> Manifest:
    """Puts a backup into the folder `data`, which must have no record; the record itself comes last.

    BackupError when there is a record, or a file of the backup is missing or damaged; OSError when there is no room.
    Either way the folder then still has no record.
    """
    there = [name for name in (RECORD, f"{RECORD}-wal", f"{RECORD}-journal") if (data / name).exists()]
    if there:
        raise BackupError(f"{data} has a record already ({', '.join(there)}): move it away, or name another folder")
    with closing(Source(path)) as source:
        data.mkdir(parents=True, exist_ok=True)
        files = sorted(source.manifest.files, key=lambda kept: kept.name == RECORD)
        if not files or files[-1].name != RECORD:
            raise BackupError(f"{path} holds no {RECORD}")
        for kept in files:
            target = data / kept.name
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + ".part")
            try:
                with source.open(kept.stored) as file:
                    found = _copy(file, part)
                if found != (kept.size, kept.sha256):
                    raise BackupError(f"{kept.stored} in {path} is damaged: its SHA-256 is not the manifest's")
                part.replace(target)
            except FileNotFoundError as error:
                raise BackupError(f"{path}: {kept.stored} is missing") from error
            finally:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
            sync_folder(target.parent)
        return source.manifest


# --- files ----------------------------------------------------------------------------------------------------------


def _copy(file: IO[bytes], target: Path) -> tuple[int, str]:
    """Copies durably; size and SHA-256 of what was read."""
    with target.open("wb") as out:
        found = _digest(file, out)
        out.flush()
        os.fsync(out.fileno())
    return found


def _hashed(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return _digest(file)


def _digest(file: IO[bytes], out: IO[bytes] | None = None) -> tuple[int, str]:
    digest, size = sha256(), 0
    while block := file.read(_BLOCK):
        digest.update(block)
        size += len(block)
        if out is not None:
            out.write(block)
    return size, digest.hexdigest()


def _write_durably(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)
