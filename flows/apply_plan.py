"""Write a plan that a trial run left, exactly as it stood."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows.fetching import Fetched
from flows.forms import Unit, titled
from flows.marking import ended, leave_report, report_of
from flows.runs import this_run, unit_named
from flows.settling import decision, write
from flows.telling import masked_logs, told
from tasks.ledger import Ledger
from tasks.planning import moved


def plan_name() -> str:
    """Which plan a run is about, for the list of runs in the UI."""
    return f"plan {flow_run.parameters.get('plan')}"


@flow(name="apply-plan", flow_run_name=plan_name)
def apply_plan(plan: Annotated[str, titled("Plán")], unit: Unit = "pohoda") -> State[Any]:
    """Zapíše plán, který zanechal zkušební běh, přesně tak, jak v jeho zprávě stojí.

    Doklady, které se od zkušebního běhu změnily nebo ke kterým mezitím přišla další platba, se vynechají a zpráva
    je vyjmenuje.

    Args:
        plan: Označení plánu ze zprávy zkušebního běhu.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
    """

    def story() -> State[Any]:
        pohoda = unit_named(unit)
        run = this_run(unit, None, None, False)
        with masked_logs(pohoda), Ledger.of_unit(pohoda.ico, pohoda.ledger) as ledger:
            planned = ledger.kept_plan(pohoda.ico, plan)
            with ledger.lease(pohoda.ico, run.id) as lease:
                found = decision(pohoda, ledger, run).only(planned)
                written, failure = write(found, pohoda, ledger, run, lease.check)
            fetched = Fetched("", notes=moved(planned, found.changes))
            report = report_of(run, fetched, found, pohoda, ledger, written, failure)
        leave_report(report)
        return ended(report)

    return told(story)
