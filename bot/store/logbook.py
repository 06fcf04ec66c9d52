"""What was asked of logs, who used the answers how, and which tails run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from bot.errors import NotFound
from bot.models import Person
from bot.store.moments import to_moment, to_number
from bot.store.schema import log_questions, log_tails, log_uses

KEPT = timedelta(days=90)  # questions; who used their answers is kept as long


@dataclass(frozen=True, slots=True)
class TailRow:
    """A tail as it was begun; `message_id` is the message that shows it.

    `thread_id` is where its lines go if not into that message; it is not kept.
    """

    id: int
    question_id: int
    guild_id: int
    channel_id: int
    message_id: int
    person_id: int
    person_name: str
    began_at: datetime
    ends_at: datetime
    thread_id: int = 0


def ask(connection: Connection, body: str, person: Person, at: datetime) -> int:
    """Keep a question and return its number; old ones go."""
    before = to_number(at - KEPT)
    connection.execute(delete(log_questions).where(log_questions.c.asked_at < before))
    connection.execute(delete(log_uses).where(log_uses.c.at < before))
    made = connection.execute(
        insert(log_questions)
        .values(body=body, person_id=person.id, asked_at=to_number(at))
        .returning(log_questions.c.id)
    )
    return int(made.scalar_one())


def asked(connection: Connection, number: int) -> str:
    """A question as it was kept.

    Raises:
        NotFound: it is too old, or there never was one.
    """
    body = connection.execute(
        select(log_questions.c.body).where(log_questions.c.id == number)
    ).scalar()
    if body is None:
        raise NotFound("This page is too old to be asked again. Use /logs.")
    return str(body)


def note_use(
    connection: Connection,
    number: int,
    use: str,
    person: Person,
    *,
    channel_id: int,
    at: datetime,
    detail: str = "",
) -> None:
    """Write down who showed whom an answer: "share", "attach", "follow", "stop"."""
    connection.execute(
        insert(log_uses).values(
            question_id=number,
            use=use,
            person_id=person.id,
            person_name=person.name,
            channel_id=channel_id,
            at=to_number(at),
            detail=detail,
        )
    )


def uses(connection: Connection, limit: int = 100) -> Sequence[tuple[str, str, str]]:
    """The newest uses first: what, who, detail."""
    query = select(log_uses.c.use, log_uses.c.person_name, log_uses.c.detail)
    found = connection.execute(query.order_by(log_uses.c.id.desc()).limit(limit))
    return [(row.use, row.person_name, row.detail) for row in found]


def begin_tail(connection: Connection, tail: TailRow) -> int:
    """Keep a tail that begins and return its number (that of `tail` does not count)."""
    made = connection.execute(
        insert(log_tails)
        .values(
            question_id=tail.question_id,
            guild_id=tail.guild_id,
            channel_id=tail.channel_id,
            message_id=tail.message_id,
            person_id=tail.person_id,
            person_name=tail.person_name,
            began_at=to_number(tail.began_at),
            ends_at=to_number(tail.ends_at),
        )
        .returning(log_tails.c.id)
    )
    return int(made.scalar_one())


def end_tail(connection: Connection, number: int) -> None:
    """Its message says that it ended: forget it."""
    connection.execute(delete(log_tails).where(log_tails.c.id == number))


def place_tail(connection: Connection, number: int, channel_id: int, message_id: int) -> None:
    """Keep where a tail is shown."""
    connection.execute(
        update(log_tails)
        .where(log_tails.c.id == number)
        .values(channel_id=channel_id, message_id=message_id)
    )


def tails(connection: Connection) -> Sequence[TailRow]:
    """The tails whose messages do not say yet that they ended, the oldest first."""
    return [
        TailRow(
            row.id,
            row.question_id,
            row.guild_id,
            row.channel_id,
            row.message_id,
            row.person_id,
            row.person_name,
            to_moment(row.began_at),
            to_moment(row.ends_at),
        )
        for row in connection.execute(select(log_tails).order_by(log_tails.c.id))
    ]
