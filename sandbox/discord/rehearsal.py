"""The world as it is at the first start: one guild, three channels, four people and a bot."""

from sandbox.discord import objects
from sandbox.discord.permissions import ALL, BOT, EVERYONE, NONE, Permission
from sandbox.discord.world import World

TOKEN = "stand-in.bot.token"
PEOPLE = {  # username -> (shown name, role)
    "ada": ("Ada", "Admin"),
    "kim": ("Kim", "Shipper"),
    "sam": ("Sam", "Responder"),
    "rita": ("Rita", "Viewer"),
}
_COLORS = {"Admin": 0xE67E22, "Shipper": 0x9B59B6, "Responder": 0x2ECC71, "Viewer": 0x3498DB}


def furnish(world: World, *, bot_permissions: Permission = BOT, token: str = TOKEN) -> None:
    """Fill an empty world with the guild "Rehearsal" and the application "Jinkies"."""
    owner = world.add_user("ada", "Ada")
    guild_id = world.snowflakes.next()
    everyone = objects.role(guild_id, "@everyone", EVERYONE, 0)
    world.guilds.put(guild_id, objects.guild(guild_id, "Rehearsal", owner["id"], [everyone]))
    for name in ("alerts", "incidents", "general"):
        world.add_channel(name)
    for role in ("Viewer", "Responder", "Shipper", "Admin"):
        world.add_role(role, ALL if role == "Admin" else NONE, _COLORS[role])
    for username, (shown, role) in PEOPLE.items():
        user = owner if username == "ada" else world.add_user(username, shown)
        world.join(guild_id, user["id"], [world.role(role)["id"]])
    add_bot(world, "Jinkies", token, bot_permissions)


def add_bot(world: World, name: str, token: str, bits: Permission = BOT) -> objects.Json:
    """Register an application with a bot that has joined the first guild; return it."""
    bot = world.add_user(name.lower(), None, bot=True)
    bot = world.users.change(bot["id"], global_name=None, username=name)
    owner = world.guild()["owner_id"]
    # Discord gives a bot's user the id of its application; ours are the same too.
    row = objects.application(bot["id"], name, bot, world.users[owner])
    world.applications.put(row["id"], row)
    world.tokens.put(token, {"application_id": row["id"]})
    role = world.add_role(name, bits)
    world.change_role(role["id"], managed=True, tags={"bot_id": bot["id"]})
    world.join(world.guild()["id"], bot["id"], [role["id"]])
    return row
