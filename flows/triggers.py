"""What makes the Prefect server act by itself: end a run that has gone silent, and send messages."""

from __future__ import annotations

from datetime import timedelta

from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from flows.deliveries import Ways
from flows.messages import FOUND, RUN_FAILED, SILENT, WORKER_GONE
from flows.noticing import CHECKED, PREFIX, UNIT_RESOURCE

NEWLY_FOUND = f"{PREFIX}: nové zjištění"
HEARTBEATS_MISSED = timedelta(seconds=3 * 180)
"""Three of the heartbeats that Prefect sends by default; fewer have been seen to end runs that were well."""
WORKER_GONE_AFTER = timedelta(minutes=10)
"""Long enough for the restart of a machine."""
SAME_FAILURE_AGAIN = timedelta(hours=20)
"""Less than a day, so that a failure of a daily run is told each day, even when it comes a little earlier."""


def hung_runs() -> AutomationCore:
    """A run without a heartbeat has crashed: that gives its slot back and, as any crash, is told."""
    alive = "prefect.flow-run.heartbeat"
    ends = {f"prefect.flow-run.{end}" for end in ("Completed", "Failed", "Cancelled", "Crashed")}
    return AutomationCore(
        name=f"{PREFIX}: odmlčený běh je přerušený",
        description="Běh, který přestal dávat znamení života, se označí za přerušený, aby další mohly začít.",
        trigger=EventTrigger(
            match={"prefect.resource.id": "prefect.flow-run.*"},  # pyright: ignore[reportArgumentType]
            after={alive},
            expect={alive, *ends},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=HEARTBEATS_MISSED,
        ),
        actions=[
            ChangeFlowRunState(
                name=None, state=StateType.CRASHED, message="Běh přestal dávat znamení života.", force=False
            )
        ],
    )


def messages(ways: Ways, silent: timedelta) -> list[AutomationCore]:
    """The automations that send messages. `silent` is how long there may be no check of a unit."""
    gone = "prefect.work-pool.not-ready"
    return [
        AutomationCore(
            name=NEWLY_FOUND,
            description="Co zjistil běh nebo kontrola a lidé to ještě nevědí.",
            trigger=EventTrigger(
                match={"prefect.resource.id": f"{UNIT_RESOURCE}.*"},  # pyright: ignore[reportArgumentType]
                expect={f"{PREFIX}.*"},
                posture=Posture.Reactive,
                threshold=1,
            ),
            actions=[*ways.actions(FOUND)],
        ),
        AutomationCore(
            name=f"{PREFIX}: nezdařený běh",
            description="Běh skončil chybou nebo byl přerušen; o téže chybě nejvýš jednou za 20 hodin.",
            trigger=EventTrigger(
                # What a check finds and which documents Pohoda refused is told as a finding.
                match={  # pyright: ignore[reportArgumentType]
                    "prefect.resource.id": "prefect.flow-run.*",
                    "prefect.state-message": "!Nezapsané doklady:*",
                },
                match_related={  # pyright: ignore[reportArgumentType]
                    "prefect.resource.role": "flow",
                    "prefect.resource.name": "!check",
                },
                expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed"},
                for_each={"related:deployment:prefect.resource.id", "prefect.state-message"},
                posture=Posture.Reactive,
                threshold=1,
                within=SAME_FAILURE_AGAIN,
            ),
            actions=[*ways.actions(RUN_FAILED)],
        ),
        AutomationCore(
            name=f"{PREFIX}: worker neběží",
            description="Fronta práce nemá přes 10 minut běžící worker.",
            trigger=EventTrigger(
                match={"prefect.resource.id": "prefect.work-pool.*"},  # pyright: ignore[reportArgumentType]
                after={gone},
                # Expected as well, since else one that comes back and goes again within the time is never told.
                expect={gone, "prefect.work-pool.ready"},
                for_each={"prefect.resource.id"},
                posture=Posture.Proactive,
                threshold=1,
                within=WORKER_GONE_AFTER,
            ),
            actions=[*ways.actions(WORKER_GONE)],
        ),
        AutomationCore(
            name=f"{PREFIX}: kontrola neproběhla",
            description="Denní kontrola jednotky nepřišla déle, než dovoluje blok Upozornění.",
            trigger=EventTrigger(
                match={"prefect.resource.id": f"{PREFIX}.check.*"},  # pyright: ignore[reportArgumentType]
                after={CHECKED},
                expect={CHECKED},
                for_each={"prefect.resource.id"},
                posture=Posture.Proactive,
                threshold=1,
                within=silent,
            ),
            actions=[*ways.actions(SILENT)],
        ),
    ]
