"""An index by which alerts of a state are suggested by number, among however many."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("alerts_by_number", "alerts", ["state", "id"])
