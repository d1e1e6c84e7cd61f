"""The nested objects of the Polympics surface as SQL: rows of a few tables become one JSON document."""

from typing import LiteralString

AWARD_DOCUMENT: LiteralString = "json_build_object('id', award.id, 'title', award.title, 'image_url', award.image_url)"

# To be joined laterally to a table `account` or `award` with a column `team`; a page has few teams, so their
# documents are remembered by the plan.
TEAM_DOCUMENT: LiteralString = f"""
    SELECT json_build_object(
        'id', team.id,
        'name', team.name,
        'created_at', extract(epoch FROM team.created_at),
        'member_count', (SELECT count(*) FROM accounts AS member WHERE member.team = team.id),
        'awards', coalesce(
            (SELECT json_agg({AWARD_DOCUMENT} ORDER BY award.id) FROM awards AS award WHERE award.team = team.id),
            '[]'::json
        )
    ) AS document
    FROM teams AS team
"""

ACCOUNT_DOCUMENT: LiteralString = f"""
    SELECT account.id, account.name, json_build_object(
        'id', account.id::text,
        'name', account.name,
        'discriminator', account.discriminator,
        'avatar_url', account.avatar_url,
        'team', its_team.document,
        'permissions', account.permissions,
        'created_at', extract(epoch FROM account.created_at),
        'awards', coalesce(
            (
                SELECT json_agg({AWARD_DOCUMENT} ORDER BY award.id)
                FROM holdings AS holding
                JOIN awards AS award ON award.id = holding.award
                WHERE holding.account = account.id
            ),
            '[]'::json
        )
    ) AS document
    FROM accounts AS account
    LEFT JOIN LATERAL ({TEAM_DOCUMENT} WHERE team.id = account.team) AS its_team ON TRUE
"""
