"""Files that are written: whole or not at all, readable by all who may, and nothing else harmed."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import m2v_fast
import numpy as np
import pytest
from m2v_fast import _native
from m2v_fast.index import kept

from tests.support import process
from tests.support.folders import Shape, write_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import MakeFolder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions and pipes of POSIX")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may act as another user"
)

LINES = ["one text", "another", "", "the last: é"]


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    file = tmp_path / "lines.txt"
    file.write_text("".join(f"{line}\n" for line in LINES), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    return m2v_fast.StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL).encode(LINES)


def run(
    *arguments: str | Path, ok: bool = True, env: dict[str, str | None] | None = None
) -> subprocess.CompletedProcess[bytes]:
    done = process.run("-m", "m2v_fast", *arguments, env=env)
    assert (done.returncode == 0) == ok, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done


def shell(command: str, **variables: str | Path) -> subprocess.CompletedProcess[bytes]:
    program = f"'{sys.executable}' -m m2v_fast embed"
    done = subprocess.run(
        ["bash", "-c", command.replace("EMBED", program)],
        env=process.environment({name: str(value) for name, value in variables.items()}),
        capture_output=True,
        timeout=process.PATIENCE,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


def array(data: bytes, folder: Path) -> np.ndarray:
    file = folder / "read.npy"
    file.write_bytes(data)
    read: np.ndarray = np.load(file)
    return read


# What is written can be read, and nothing is left over.


@pytest.mark.usefixtures("umask")
def test_what_is_written_has_the_mode_of_new_files(
    own_folder: MakeFolder, tmp_path: Path, lines: Path
) -> None:
    folder = own_folder("unigram").path
    index = _native.Model.compile(folder)
    assert index is not None
    saved = tmp_path / "saved"
    m2v_fast.StaticModel.from_pretrained(folder).save_pretrained(saved)
    run("embed", lines, "-o", tmp_path / "out.npy")
    files = [Path(index), tmp_path / "out.npy", *saved.iterdir()]
    assert len(files) == 7
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in files} == {
        file.name: 0o644 for file in files
    }
    assert not [file for folder in (saved, tmp_path) for file in folder.glob(".m2v-fast*")]


@as_root
def test_two_users_share_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    # pytest's own temporary folders are their owner's alone.
    with TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o755)
        monkeypatch.setenv("M2V_FAST_CACHE", "off")
        folder = big_unigram(Path(temporary))
        cache = Path(temporary) / "cache"
        cache.mkdir()
        cache.chmod(0o777)
        folder.chmod(0o755)
        for file in folder.iterdir():
            file.chmod(0o644)
        share(folder, cache)


def share(folder: Path, cache: Path) -> None:
    seen = []
    for uid in (12_345, 23_456, 12_345):
        code = (
            "import json, os, sys, m2v_fast, platformdirs\n"
            f"os.umask(0o022); os.setgid({uid}); os.setuid({uid})\n"
            "model = m2v_fast.StaticModel.from_pretrained(sys.argv[1])\n"
            "print(json.dumps([model.indexed, model.encode('a b').tobytes().hex()]))\n"
        )
        env = {"M2V_FAST_CACHE": str(cache), "HOME": "/nonexistent"}
        seen.append(process.answer("-c", code, folder, env=env))
        (entry,) = kept(cache)
        found = Path(entry.path).stat()
        seen[-1].append([found.st_ino, found.st_uid])
    assert [indexed for indexed, _, _ in seen] == [False, True, True]
    assert len({vector for _, vector, _ in seen}) == 1
    # The first one's file is still there.
    assert [file for _, _, file in seen] == [seen[0][2]] * 3
    assert seen[0][2][1] == 12_345


def big_unigram(folder: Path) -> Path:
    """A model with as many pieces as are worth an index."""
    pieces = [["<unk>", 0.0], ["▁", -2.0], ["a", -3.0], ["b", -3.0]]
    pieces += [[f"▁word{number}", -10.0 - number / 7000] for number in range(70_000)]
    tokenizer: dict[str, object] = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
        "normalizer": None, "post_processor": None, "decoder": None,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always",
                          "split": True},
        "model": {"type": "Unigram", "unk_id": 0, "vocab": pieces},
    }  # fmt: skip
    return write_folder(folder / "big", json.dumps(tokenizer), Shape("float32", 4)).path


def test_a_cache_that_cannot_be_written_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = big_unigram(tmp_path)
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("M2V_FAST_CACHE", str(blocked / "cache"))
    monkeypatch.setattr("m2v_fast.index._warned", set())
    for _ in range(3):
        assert not m2v_fast.StaticModel.from_pretrained(folder).indexed
    told = [record.message for record in caplog.records if "no index is kept" in record.message]
    assert len(told) == 1
    assert str(blocked) in told[0]
    assert "cannot be written" in told[0]
    done = run("info", folder, env={"M2V_FAST_CACHE": str(blocked / "cache")})
    assert b"no index" in done.stdout
    assert b"cannot be written" in done.stdout


def test_a_cache_is_bounded_listed_and_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = big_unigram(tmp_path)
    cache = tmp_path / "cache"
    cache.mkdir()
    old = []
    for number in range(3):
        old.append(cache / f"unigram-1-{number}.m2vindex")
        old[-1].write_bytes(b" " * 1_000_000)
        os.utime(old[-1], (number, number))
    other = cache / "not-ours.txt"
    other.write_bytes(b" " * 5_000_000)
    monkeypatch.setenv("M2V_FAST_CACHE", str(cache))
    first = len(kept(cache))
    monkeypatch.setenv("M2V_FAST_CACHE_SIZE", "1k")
    assert not m2v_fast.StaticModel.from_pretrained(folder).indexed
    (new,) = kept(cache)
    assert first == 3
    assert not any(path.exists() for path in old)
    assert other.exists()
    assert m2v_fast.StaticModel.from_pretrained(folder).indexed
    # What is used is marked so.
    os.utime(new.path, (1, 1))
    assert m2v_fast.StaticModel.from_pretrained(folder).indexed
    assert time.time() - Path(new.path).stat().st_mtime < 3600
    done = run("cache", env={"M2V_FAST_CACHE": str(cache)})
    assert Path(new.path).name.encode() in done.stdout
    run("cache", "--clear", env={"M2V_FAST_CACHE": str(cache)})
    assert kept(cache) == []
    assert other.exists()


def test_two_savers_at_once(own_folder: MakeFolder, tmp_path: Path) -> None:
    model = m2v_fast.StaticModel.from_pretrained(own_folder("wordpiece").path)
    saved = tmp_path / "saved"
    failures: list[BaseException] = []

    def save() -> None:
        try:
            for _ in range(10):
                model.save_pretrained(saved)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=save) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(list(saved.iterdir())) == 5
    again = m2v_fast.StaticModel.from_pretrained(saved)
    assert again.encode(LINES).tobytes() == model.encode(LINES).tobytes()


def test_a_full_disk(own_folder: MakeFolder, tmp_path: Path) -> None:
    # A limit on the size of files is to a writer what a full disk is.
    folder = own_folder("wordpiece").path
    target = tmp_path / "saved"
    m2v_fast.StaticModel.from_pretrained(folder).save_pretrained(target)
    before = {file.name: file.read_bytes() for file in target.iterdir()}
    code = (
        "import resource, signal, sys, m2v_fast\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "model = m2v_fast.StaticModel.from_pretrained(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "try:\n"
        "    model.save_pretrained(sys.argv[2])\n"
        "except OSError as error:\n"
        "    print('OSError', error)\n"
    )
    done = process.run("-c", code, folder, target)
    assert done.stdout.startswith(b"OSError"), done
    assert b"cannot be written" in done.stdout
    assert b"model.safetensors" in done.stdout
    assert {file.name: file.read_bytes() for file in target.iterdir()} == before


# What is there already.


def test_pipes_and_devices_are_written_to(
    lines: Path, tmp_path: Path, expected: np.ndarray
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    result = tmp_path / "result"
    done = shell(
        'cat "$FIFO" > "$OUT" & EMBED "$IN" -o "$FIFO"; wait', FIFO=pipe, OUT=result, IN=lines
    )
    assert done.returncode == 0
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    np.testing.assert_array_equal(np.load(result), expected)
    device = tmp_path / "null"
    try:
        os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        device.open("wb").close()
    except PermissionError:
        return  # no devices for this user, or none on this file system
    run("embed", lines, "-o", device)
    assert stat.S_ISCHR(device.stat().st_mode)


@pytest.mark.parametrize(
    "command",
    [
        'EMBED "$IN" -o - > "$OUT"',
        'EMBED - -o - < "$IN" > "$OUT"',
        'cat "$IN" | EMBED - -o - | cat > "$OUT"',
        'EMBED "$IN" -o >(cat > "$OUT"); sleep 0.5',
        'EMBED "$IN" -o /dev/fd/3 3> "$OUT"',
        'EMBED "$IN" -o /dev/stdout > "$OUT"',
        'ln -s "$OUT" "$OUT.link"; : > "$OUT"; EMBED "$IN" -o "$OUT.link" && test -L "$OUT.link"',
    ],
)
def test_outputs_of_a_shell(
    lines: Path, tmp_path: Path, expected: np.ndarray, command: str
) -> None:
    output = tmp_path / "out.npy"
    done = shell(command, IN=lines, OUT=output)
    assert done.returncode == 0, done.stderr.decode()
    np.testing.assert_array_equal(np.load(output), expected)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ('EMBED - -o "$OUT" <&-', "standard input is closed"),
        ('EMBED "$IN" -o - >&-', "standard output is closed"),
        ('EMBED "$IN" -o .', "is a folder"),
        ('EMBED "$IN" -o "$OUT/none/x.npy"', "cannot be written"),
        ('EMBED "$IN.none" -o "$OUT"', "No such file"),
    ],
)
def test_outputs_that_cannot_be(lines: Path, tmp_path: Path, command: str, message: str) -> None:
    done = shell(command, IN=lines, OUT=tmp_path / "out.npy")
    assert done.returncode == 1
    assert message in done.stderr.decode()


def test_an_index_that_cannot_be_written_is_not_said_to_be_unreadable(
    own_folder: MakeFolder, tmp_path: Path
) -> None:
    done = run("compile", own_folder("unigram").path, "-o", tmp_path / "none" / "x", ok=False)
    assert b"cannot be written" in done.stderr


@pytest.mark.parametrize("stream", [False, True])
def test_sigterm_leaves_nothing(tmp_path: Path, stream: bool) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    output = "-" if stream else str(tmp_path / "out.npy")
    with subprocess.Popen(
        [sys.executable, "-m", "m2v_fast", "embed", "-", "-o", output],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=process.environment({"TMPDIR": str(temporary)}),
    ) as child:
        assert child.stdin is not None
        child.stdin.write(b"a text\n" * 50_000)
        child.stdin.flush()
        deadline = time.monotonic() + process.PATIENCE
        while not stream and time.monotonic() < deadline:
            if any(file.stat().st_size > 1_000_000 for file in tmp_path.glob(".m2v-fast*")):
                break
            time.sleep(0.05)
        if stream:
            time.sleep(1)
        child.send_signal(signal.SIGTERM)
        child.stdin.close()
        assert child.wait(process.PATIENCE) != 0
    assert list(temporary.iterdir()) == []
    assert list(tmp_path.iterdir()) == [temporary]


@as_root
def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """A file system of a megabyte of the child's own, with an old file on it."""
    lines = tmp_path / "lines.txt"
    lines.write_text("a text\n" * 20_000, encoding="utf-8")
    disk = tmp_path / "disk"
    disk.mkdir()
    model = big_unigram(tmp_path)
    commands = {
        "embed": f"embed '{lines}' -o '{disk}/out.npy'",
        "compile": f"compile '{model}' -o '{disk}/x.m2vindex'",
    }
    for name, command in commands.items():
        old = disk / ("out.npy" if name == "embed" else "x.m2vindex")
        script = (
            f"mount -t tmpfs -o size=300k tmpfs '{disk}' || exit 77; printf old > '{old}'; "
            f"head -c 120000 /dev/zero > '{disk}/filler'; "
            f"'{sys.executable}' -m m2v_fast {command}; code=$?; "
            f"cat '{old}'; ls -A '{disk}' | wc -l; exit $code"
        )
        done = subprocess.run(
            ["unshare", "-m", "bash", "-c", script],
            env=process.environment({}),
            capture_output=True,
            timeout=process.PATIENCE,
            check=False,
        )
        if done.returncode == 77:
            pytest.skip("no file system can be mounted here")
        assert done.returncode == 1, done.stderr.decode()
        assert b"No space left on device" in done.stderr
        assert b"Traceback" not in done.stderr
        assert done.stdout.split() == [b"old2"], done.stdout


def test_a_full_disk_stops_saving(own_folder: MakeFolder, tmp_path: Path) -> None:
    """`/dev/full` has no room for anything: what is written through it fails in its last step."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    model = own_folder("wordpiece").path
    done = run("embed", model / "tokenizer.json", "-o", "/dev/full", ok=False)
    assert b"No space left on device" in done.stderr


# Lines.


def test_a_byte_order_mark_is_no_text(tmp_path: Path, expected: np.ndarray) -> None:
    text, records = tmp_path / "text", tmp_path / "records"
    text.write_bytes(b"\xef\xbb\xbf" + "\n".join(LINES).encode())
    rows = "\n".join(json.dumps({"t": line}) for line in LINES)
    records.write_bytes(b"\xef\xbb\xbf" + rows.encode())
    run("embed", text, "-o", tmp_path / "text.npy")
    run("embed", records, "--field", "t", "-o", tmp_path / "records.npy")
    for name in ("text.npy", "records.npy"):
        np.testing.assert_array_equal(np.load(tmp_path / name), expected)


def test_the_line_of_a_lone_surrogate_is_named(tmp_path: Path) -> None:
    file = tmp_path / "records"
    file.write_text('{"t": "a"}\n' * 10_004 + '{"t": "b\\ud800"}\n', encoding="utf-8")
    done = run("embed", file, "--field", "t", "-o", tmp_path / "out.npy", ok=False)
    assert b"line 10005" in done.stderr
    assert b"surrogate" in done.stderr
    assert not (tmp_path / "out.npy").exists()


# Files that are not what they were.


def test_a_file_rewritten_in_place_is_not_saved(own_folder: MakeFolder, tmp_path: Path) -> None:
    folder = own_folder("wordpiece")
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    calm = m2v_fast.StaticModel.from_pretrained(folder.path, memory_map=False)
    tokenizer = folder.tokenizer_file.read_bytes()
    with folder.tokenizer_file.open("r+b") as file:
        file.write(tokenizer[: len(tokenizer) // 2] + b" " * (len(tokenizer) // 2))
    for use in (lambda: model.save_pretrained(tmp_path / "saved"), lambda: model.tokens):
        with pytest.raises(m2v_fast.ModelError, match=r"tokenizer\.json.*rewritten in place"):
            use()
    calm.save_pretrained(tmp_path / "calm")
    assert (tmp_path / "calm" / "tokenizer.json").read_bytes() == tokenizer
    with folder.tokenizer_file.open("r+b") as file:
        file.write(tokenizer)
    model.save_pretrained(tmp_path / "saved")
    with folder.matrix_file.open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"\x00\x00\x80\x3f")
    os.utime(folder.matrix_file, (1, 1))
    with pytest.raises(m2v_fast.ModelError, match=r"model\.safetensors.*rewritten in place"):
        model.save_pretrained(tmp_path / "again")
    calm.save_pretrained(tmp_path / "again")


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "model.safetensors"])
@pytest.mark.parametrize("memory_map", [True, False, "huge"])
def test_a_pointer_of_git_lfs_is_told(own_folder: MakeFolder, name: str, memory_map: Any) -> None:
    folder = own_folder("wordpiece").path
    (folder / name).write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 123456\n"
    )
    with pytest.raises(m2v_fast.ModelError, match=rf"{name}.*Git LFS pointer.*git lfs pull"):
        m2v_fast.StaticModel.from_pretrained(folder, memory_map=memory_map)
