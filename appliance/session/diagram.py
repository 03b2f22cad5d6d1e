"""The state diagram of the documentation, from the table: `python -m appliance.session.diagram > docs/states.md`."""

from __future__ import annotations

from appliance.session.lifecycle import DOWN, MAKING, TABLE, TransportState


def page() -> str:
    """The whole of docs/states.md."""
    arrows = [f"    {before.value} --> {after.value}: {move.value}" for (before, move), after in TABLE.items()]
    return "\n".join(
        [
            "# The states of a session",
            "",
            "Drawn from the table in `appliance/session/lifecycle.py`; a test holds this page fresh.",
            "They are Pipecat's own, in Pipecat's order.",
            "What the appliance adds (the wish for a session, the talk turn, recovery, devices) stands beside them.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            f"    [*] --> {TransportState.IDLE.value}",
            *arrows,
            "```",
            "",
            f"A session is being made in {_listed(MAKING)}: an error there is a start-up error and ends the attempt.",
            f"A dial begins in {_listed(DOWN)} only, so there are never two sessions.",
            "`ready` is reached by the bot's own `bot-ready`, and again by the same bot after a dead link.",
            "",
        ]
    )


def _listed(states: frozenset[TransportState]) -> str:
    return ", ".join(f"`{state.value}`" for state in TransportState if state in states)


if __name__ == "__main__":
    print(page(), end="")
