"""`parcours export postgres` into a real PostgreSQL, read with psql."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest

from app.postgres import write_schema
from tests.app.commands import run, words
from tests.app.test_serving import until
from tests.listening import free_port
from tests.postgresql import PASSWORD, postgres

URL = "PARCOURS_POSTGRES_URL"
EVERY_KIND = """
create table every_kind as select * from (values
    (1, true, 'Fidélité, "fan"', 77953.05::decimal(18, 6), 0.1::double, 1099511627776::bigint, date '2026-02-28',
     timestamptz '2026-03-29 02:30:00+01', 170141183460469231731687303715884105727::hugeint, ['a', 'b']),
    (2, false, '', -0.000001, 'nan'::double, -1, date '1999-12-31', timestamptz '2026-07-01 00:00:00+02', 0, []),
    (3, null, null, null, null, null, null, null, null, null),
    (4, null, 'two' || chr(10) || '\\' || chr(0), 0, 1e300, 0, null, null, null, null)
) as t (id, flag, label, amount, share, visits, date_day, as_of, large, names);
comment on table every_kind is 'It''s one of each.';
comment on column every_kind.amount is 'In \\ EUR.';
"""


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with postgres("ada") as port, pytest.MonkeyPatch.context() as told:
        told.setenv(URL, f"postgresql://ada:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/ada")
        told.setenv("PGPASSWORD", PASSWORD)
        yield port


@pytest.fixture
def published(marts: Path) -> Path:
    """A published file with a table of every kind of column, beside those of the KPIs."""
    with duckdb.connect(str(marts / "marts.duckdb")) as connection:
        connection.execute(EVERY_KIND)
    return marts


def change(published: Path, statements: str) -> None:
    with duckdb.connect(str(published / "marts.duckdb")) as connection:
        connection.execute(statements)


def psql(port: int) -> list[str]:
    told = ["--host", "127.0.0.1", "--port", str(port), "--username", "ada", "--dbname", "ada"]
    return ["psql", *told, "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"]


def asked(port: int, query: str) -> list[str]:
    """What a client is answered, line by line."""
    setup = "set timezone = 'UTC'; set extra_float_digits = 3;"
    command = [*psql(port), "--command", setup, "--command", query]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def export(schema: str, published: Path) -> None:
    assert run("export", "postgres", "--schema", schema, "--data", published).exit_code == 0


@pytest.mark.slow
def test_every_value_has_the_type_that_it_has_here(server: int, published: Path) -> None:
    result = run("export", "postgres", "--schema", 'KPIs "of" Ada', "--data", published)
    assert (result.exit_code, result.stdout) == (0, 'written: KPIs "of" Ada, 3 tables\n')
    assert asked(
        server,
        "select attname || ' ' || format_type(atttypid, atttypmod) from pg_attribute "
        """where attrelid = '"KPIs ""of"" Ada".every_kind'::regclass and attnum > 0 order by attnum""",
    ) == [
        *("id integer", "flag boolean", "label text", "amount numeric(18,6)", "share double precision"),
        *("visits bigint", "date_day date", "as_of timestamp with time zone", "large numeric(39,0)"),
        "names text",
    ]
    assert asked(
        server, """select to_json(every_kind) from "KPIs ""of"" Ada".every_kind where id != 2 order by id"""
    ) == [
        '{"id":1,"flag":true,"label":"Fidélité, \\"fan\\"","amount":77953.050000,"share":0.1,'
        '"visits":1099511627776,"date_day":"2026-02-28","as_of":"2026-03-29T01:30:00+00:00",'
        '"large":170141183460469231731687303715884105727,"names":"[a, b]"}',
        '{"id":3,"flag":null,"label":null,"amount":null,"share":null,"visits":null,"date_day":null,"as_of":null,'
        '"large":null,"names":null}',
        '{"id":4,"flag":null,"label":"two\\n\\\\","amount":0.000000,"share":1e+300,"visits":0,"date_day":null,'
        '"as_of":null,"large":null,"names":null}',
    ]
    assert asked(
        server,
        "select id, label = '', amount, share, visits, date_day, as_of, names "
        """from "KPIs ""of"" Ada".every_kind where id = 2""",
    ) == ["2|t|-0.000001|NaN|-1|1999-12-31|2026-06-30 22:00:00+00|[]"]
    of_table = """'"KPIs ""of"" Ada".every_kind'::regclass"""
    assert asked(server, f"select obj_description({of_table}), col_description({of_table}, 4)") == [
        "It's one of each.|In \\ EUR."
    ]
    rows = asked(server, """select sum(value), count(*) from "KPIs ""of"" Ada".kpi_values where value < 100""")
    assert rows == ["151.5112|7"]


@pytest.mark.slow
def test_what_others_made_on_a_table_stays_and_what_is_no_longer_published_goes(server: int, published: Path) -> None:
    export("again", published)
    asked(server, "create view again.mine as select sum(value) from again.kpi_values")
    asked(server, "create table again.notes (note text)")
    asked(server, "create role reader; grant select on again.kpi_values to reader")
    change(published, "update kpi_values set value = 1, as_of = '2026-03-21 19:00:00+00' where value is not null")
    change(published, "alter table every_kind alter flag type varchar; delete from every_kind where id = 1")
    change(published, "drop table kpi_catalog; create table fct_new as select 7 as seven")
    for _ in range(2):
        export("again", published)
        assert asked(server, "select * from again.mine") == ["10"]
        assert asked(server, "select has_table_privilege('reader', 'again.kpi_values', 'select')") == ["t"]
        assert asked(server, "select flag from again.every_kind where id = 2") == ["false"]
        assert asked(server, "select count(*), count(distinct id) from again.every_kind") == ["3|3"]
        assert asked(server, "select seven from again.fct_new") == ["7"]
        assert asked(server, "select table_name, as_of from again.parcours_tables order by 1") == [
            f"{name}|2026-03-21 19:00:00+00" for name in ("every_kind", "fct_new", "kpi_values")
        ]
        assert asked(server, "select count(*) from again.notes") == ["0"]
        assert asked(server, "select to_regclass('again.kpi_catalog') is null") == ["t"]


@pytest.mark.slow
def test_what_is_refused_half_way_changes_nothing(server: int, published: Path) -> None:
    asked(server, "create schema theirs; create table theirs.kpi_values as select 'theirs' as whose")
    result = run("export", "postgres", "--schema", "theirs", "--data", published)
    assert result.exit_code == 1
    assert words(result.stderr) == (
        "Error: theirs.kpi_values is there already, and no export made it: choose another --schema."
    )
    assert asked(server, "select string_agg(tablename, ' ') from pg_tables where schemaname = 'theirs'") == [
        "kpi_values"
    ]
    export("seen", published)
    asked(server, "create view seen.mine as select value from seen.kpi_values")
    change(published, "delete from every_kind; alter table kpi_values alter value type varchar")
    result = run("export", "postgres", "--schema", "seen", "--data", published)
    assert result.exit_code == 1
    assert "cannot drop table seen.kpi_values because other objects depend on it" in words(result.stderr)
    assert asked(server, "select count(*) from seen.every_kind") == ["4"]


@pytest.mark.slow
def test_readers_wait_for_nothing_and_never_see_half(server: int, published: Path) -> None:
    both = "select (select count(*) from read.every_kind), (select count(*) from read.kpi_values)"
    export("read", published)
    change(published, "delete from every_kind where id > 1; delete from kpi_values where grain = 'week'")
    with (
        subprocess.Popen(psql(server), stdin=subprocess.PIPE, text=True) as other,
        ThreadPoolExecutor() as pool,
    ):
        assert other.stdin
        other.stdin.write("begin; lock table read.kpi_values in share mode;\n")  # the last table cannot be written
        other.stdin.flush()
        held = "select count(*) from pg_locks where relation = 'read.kpi_values'::regclass and granted is "
        until(lambda: asked(server, held + "true") == ["1"], 30)
        exporting = pool.submit(write_schema, published / "marts.duckdb", "read")
        until(lambda: asked(server, held + "false") == ["1"], 30)
        assert asked(server, both) == ["4|15"]
        other.stdin.close()
        assert exporting.result() == 3
    assert asked(server, both) == ["1|14"]


@pytest.mark.slow
def test_a_refused_password_is_told_without_it(server: int, published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, os.environ[URL].replace("s3", "wrong-s3"))
    result = run("export", "postgres", "--data", published)
    assert result.exit_code == 1
    assert words(result.stderr) == (
        'Error: The database lets nobody in: password authentication failed for user "ada". '
        f"Correct {URL}, or the database."
    )


def test_the_address_is_read_from_the_file_of_secrets(
    published: Path, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, "")
    monkeypatch.delenv(URL)
    secrets = settings.parent / ".env"
    secrets.touch(mode=0o600)
    for address, said in {
        f"postgresql://ada:hush@127.0.0.1:{free_port()}/ada": f"No database answers at {URL}: start it",
        "postgresql://ada:hu/sh@127.0.0.1/ada": f"{URL} is no address of PostgreSQL: write it as",
        "mysql://ada:hush@127.0.0.1/ada": f"{URL} is no address of PostgreSQL: write it as",
        "": f"{URL} is not set: put the address into .env",
    }.items():
        monkeypatch.delenv(URL, raising=False)
        secrets.write_text(f"{URL}='{address}'\n")
        result = run("export", "postgres", "--settings", settings, "--data", published)
        assert result.exit_code == 1
        assert said in words(result.stderr)
        assert "hu" not in result.output
