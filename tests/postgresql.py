"""PostgreSQL as Debian has it, for as long as a test wants it."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.listening import free_port

PASSWORD = "s3 cret/@:%"


@contextmanager
def postgres(name: str) -> Iterator[int]:
    """On a free port of this machine, with a database and a user of a name."""
    if shutil.which("apt-get") and os.getuid() == 0 and not installed():
        subprocess.run(["apt-get", "update", "-qq"], capture_output=True)
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "postgresql"]
        subprocess.run(install, env=os.environ | quiet, capture_output=True)
    found = installed()
    if not found or os.getuid() != 0:
        pytest.skip("PostgreSQL is not here and cannot be installed, or this is not root")
    port, folder = free_port(), Path(tempfile.mkdtemp(prefix="postgres-"))
    (folder / "password").write_text(PASSWORD)
    owner = pwd.getpwnam("postgres")  # it refuses to run as root
    for path in (folder, folder / "password"):
        os.chown(path, owner.pw_uid, owner.pw_gid)

    def run(program: str, *arguments: str) -> None:
        command = ["runuser", "-u", "postgres", "--", str(found / program), *arguments]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    cluster = str(folder / "cluster")
    run(
        "initdb", "--pgdata", cluster, "--username", name, "--encoding", "UTF8", "--auth", "scram-sha-256",
        "--pwfile", str(folder / "password"),
    )  # fmt: skip
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
    run("pg_ctl", "--pgdata", cluster, "--wait", "--log", str(folder / "log"), "--options", options, "start")
    try:
        with pytest.MonkeyPatch.context() as told:
            told.setenv("PGPASSWORD", PASSWORD)
            run("createdb", "--host", "127.0.0.1", "--port", str(port), "--username", name, name)
        yield port
    finally:
        run("pg_ctl", "--pgdata", cluster, "--wait", "--mode", "immediate", "stop")
        shutil.rmtree(folder)


def installed() -> Path | None:
    """Where Debian keeps the programs of the newest PostgreSQL."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
