"""The tables, one per word of the vocabulary.

Times are whole microseconds since 1970 UTC (`bot.store.moments`): the same integers in
SQLite and PostgreSQL, exact in both directions, and quick to compare. A change here needs
a migration; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

# SQLite numbers rows by itself only in a column called exactly INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")


def _alert_id(*, primary_key: bool = False) -> Column[int]:
    target = ForeignKey("alerts.id", ondelete="CASCADE")
    return Column("alert_id", BigInteger, target, primary_key=primary_key, nullable=False)


alerts = Table(
    "alerts",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("fingerprint_key", String, nullable=False),
    Column("fingerprint_version", SmallInteger, nullable=False),
    Column("service", String, nullable=False),
    Column("environment", String, nullable=False),
    Column("state", String, nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("culprit", Text, nullable=False),
    Column("occurrences", BigInteger, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("state_changed_at", BigInteger, nullable=False),
    Column("state_changed_by", String, nullable=False, server_default=""),
    UniqueConstraint(
        "fingerprint_key", "service", "environment", "fingerprint_version", name="alerts_identity"
    ),
    Index("alerts_by_state", "state", "severity", "last_seen"),
    Index("alerts_by_number", "state", "id"),
    Index("alerts_by_service", "service", "state", "last_seen"),
    Index("alerts_by_environment", "environment", "state", "last_seen"),
    sqlite_autoincrement=True,  # a pruned alert's number is never given to another
)

tallies = Table(
    "tallies",
    metadata,
    Column("service", String, primary_key=True),
    Column("environment", String, primary_key=True),
    Column("severity", SmallInteger, primary_key=True),
    Column("state", String, primary_key=True),
    Column("alerts", BigInteger, nullable=False),
    comment="how many alerts there are of each kind, so that counting a million is instant",
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("source", String, nullable=False),
    Column("event_id", String, nullable=False),
    _alert_id(),
    Column("firing", Boolean, nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("source", "event_id", name="events_identity"),
    Index("events_by_alert", "alert_id", "firing", "occurred_at"),
)

activity = Table(
    "activity",
    metadata,
    _alert_id(primary_key=True),
    Column("bucket", BigInteger, primary_key=True),
    Column("occurrences", BigInteger, nullable=False),
    Index("activity_by_bucket", "bucket"),
    sqlite_with_rowid=False,
)

cards = Table(
    "cards",
    metadata,
    _alert_id(primary_key=True),
    Column("channel_id", BigInteger, primary_key=True),
    Column("nonce", String, nullable=False),
    Column("message_id", BigInteger),
    Column("url", Text, nullable=False, server_default=""),
    Column("created_at", BigInteger, nullable=False),
    Column("written_at", BigInteger),
    Column("repeats", Integer, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    _alert_id(),
    Column("channel_id", BigInteger, nullable=False),
    Column("reason", String, nullable=False),  # "" while all that is owed is being sent
    Column("urgency", SmallInteger, nullable=False),
    Column("mention", String, nullable=False),
    Column("state", String, nullable=False),
    Column("due_at", BigInteger, nullable=False),  # of a claim: when it lapses
    Column("created_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claim", String, nullable=False, server_default=""),
    Column("sending", String, nullable=False, server_default=""),
    Column("in_doubt", Boolean, nullable=False, server_default="0"),
    Column("problem", Text, nullable=False, server_default=""),
    UniqueConstraint("alert_id", "channel_id", name="outbox_one_per_card"),
    Index("outbox_by_urgency", "urgency", "due_at"),
    Index("outbox_by_due", "due_at"),
)

silences = Table(
    "silences",
    metadata,
    _alert_id(primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("person_id", BigInteger, nullable=False),
    Column("person_name", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

acts = Table(
    "acts",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    _alert_id(),
    Column("act", String, nullable=False),
    Column("person_id", BigInteger, nullable=False),
    Column("person_name", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Index("acts_by_alert", "alert_id", "id"),
)

shipments = Table(
    "shipments",
    metadata,
    _alert_id(primary_key=True),
    Column("kind", String, primary_key=True),
    Column("claim", String, nullable=False, server_default=""),
    Column("claimed_until", BigInteger, nullable=False, server_default="0"),
    Column("claimed_by", String, nullable=False, server_default=""),
    Column("in_doubt", Boolean, nullable=False, server_default="0"),
    Column("repository", String, nullable=False, server_default=""),
    Column("number", BigInteger),
    Column("url", Text, nullable=False, server_default=""),
    Column("created_by", String, nullable=False, server_default=""),
    Column("created_at", BigInteger),
    Column("state", String, nullable=False, server_default=""),
    Column("state_at", BigInteger, nullable=False, server_default="0"),  # as GitHub told it
    Index("shipments_by_number", "number"),
    sqlite_with_rowid=False,
)

doors = Table(
    "doors",
    metadata,
    Column("source", String, primary_key=True),
    Column("accepted", BigInteger, nullable=False),
    Column("left_aside", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("unreadable", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

sdk_keys = Table(
    "sdk_keys",
    metadata,
    Column("key", String, primary_key=True),
    Column("project_id", BigInteger, nullable=False),
    Column("service", String, nullable=False),
    Column("created_by", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_by", String, nullable=False, server_default=""),
    Column("revoked_at", BigInteger),
    sqlite_with_rowid=False,
)

scans = Table(
    "scans",
    metadata,
    Column("log_group", String, primary_key=True),
    Column("reached", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

log_snapshots = Table(
    "log_snapshots",
    metadata,
    _alert_id(primary_key=True),
    Column("taken_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

log_questions = Table(
    "log_questions",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("body", Text, nullable=False),
    Column("person_id", BigInteger, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Index("log_questions_by_age", "asked_at"),
    sqlite_autoincrement=True,  # an old page must never show the answer to another question
)

log_uses = Table(
    "log_uses",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("question_id", BigInteger, nullable=False),
    Column("use", String, nullable=False),
    Column("person_id", BigInteger, nullable=False),
    Column("person_name", String, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Index("log_uses_by_age", "at"),
)

log_tails = Table(
    "log_tails",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("question_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("message_id", BigInteger, nullable=False),
    Column("person_id", BigInteger, nullable=False),
    Column("person_name", String, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

drills = Table(
    "drills",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("scenario", String, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("origin_id", BigInteger, nullable=False),
    Column("area_id", BigInteger, nullable=False, server_default="0"),
    Column("started_by", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("ships", Boolean, nullable=False),
    Column("pings", Boolean, nullable=False),
    Column("sent", Integer, nullable=False, server_default="0"),
    Column("ended_at", BigInteger),
    Column("outcome", String, nullable=False, server_default=""),
    Column("is_cleared", Boolean, nullable=False, server_default="0"),
    Column("total", Integer),
    Column("scorecard", Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,  # a forgotten drill's number is never given to another
)


def _drill_id(*, primary_key: bool = False) -> Column[int]:
    target = ForeignKey("drills.id", ondelete="CASCADE")
    return Column("drill_id", BigInteger, target, primary_key=primary_key, nullable=False)


drill_people = Table(
    "drill_people",
    metadata,
    _drill_id(primary_key=True),
    Column("person_id", BigInteger, primary_key=True),
    Column("name", String, nullable=False),
    Index("drill_people_by_person", "person_id"),
    sqlite_with_rowid=False,
)

drill_deeds = Table(
    "drill_deeds",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    _drill_id(),
    Column("kind", String, nullable=False),
    Column("person_id", BigInteger, nullable=False),
    Column("person", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("is_right", Boolean, nullable=False),
    Index("drill_deeds_by_drill", "drill_id"),
)

# One row, drawn when the database was made: tells this deployment from any other.
deployment = Table(
    "deployment",
    metadata,
    Column("salt", String, primary_key=True),
    sqlite_with_rowid=False,
)
