"""What is said and done in a scene's conversations: buyers write, agents come, answer, give away and go."""

from collections.abc import Callable

from infra.local.demo.cast import Cast, Step

Act = Callable[[Cast], object]


def at_the_desks(told: str, *acts: Act) -> Step:
    """Do several things at once, in their order."""

    def do(cast: Cast) -> None:
        for act in acts:
            act(cast)

    return Step(told, do)


def says(text: str, *, order: int | None = None, tags: tuple[str, ...] = (), item: str = "") -> Act:
    """Let a buyer write; the desktop asks where the line belongs, and names the buyer's order where there is one."""

    def do(cast: Cast) -> None:
        buyer = {"id": f"buyer-{cast.scene}", "platform": cast.platform, "tags": list(tags)}
        orders = [cast.order(order)] if order else []
        asked = cast.chats.ask(cast.session(), text, buyer, order_ids=orders, item=item)
        cast.asked.append(asked)

    return do


def is_here(agent: str, presence: str = "online") -> Act:
    """Let an agent come or go."""
    return lambda cast: cast.chats.tell("agent.presence", agent=agent, presence=presence)


def answers(agent: str | None = None, *, token: int | None = None) -> Act:
    """Let an agent, or the bot, answer; with the token of the latest answer unless another one is given."""

    def do(cast: Cast) -> None:
        known = cast.asked[-1].answer["token"] if token is None else token
        more = {"agent": agent} if agent else {}
        identity = f"r-{agent}-{cast.now().timestamp()}"
        cast.chats.tell(
            "chat.reply", session_id=cast.session(), channel="web", message_id=identity, token=known, **more
        )

    return do


def returns() -> Act:
    """Give the session back to the bot."""
    return lambda cast: cast.chats.tell("chat.returned", session_id=cast.session(), channel="web")


def ends() -> Act:
    """Close the session."""
    return lambda cast: cast.chats.tell("chat.closed", session_id=cast.session(), channel="web")
