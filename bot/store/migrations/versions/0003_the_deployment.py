"""What tells this deployment from any other: a value that is drawn once and never changes."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and its one row."""
    deployment = op.create_table(
        "deployment",
        sa.Column("salt", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("salt"),
        sqlite_with_rowid=False,
    )
    op.bulk_insert(deployment, [{"salt": secrets.token_hex(16)}])
