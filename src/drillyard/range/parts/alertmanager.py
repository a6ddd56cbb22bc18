"""Alertmanager; its package brings amtool along."""

from drillyard.range.parts.packaged import Package, PackagedRecipe
from drillyard.range.parts.upstream import Release


class AlertmanagerRecipe(PackagedRecipe):
    """The server."""

    name = "alertmanager"
    title = "Alertmanager"
    programs = ("alertmanager", "prometheus-alertmanager")
    oldest = (0, 24)
    lost_without = "alerts are evaluated but go nowhere"
    package = Package(
        debian="prometheus-alertmanager",
        debian_program="prometheus-alertmanager",
        program="alertmanager",
        release=Release(
            "alertmanager",
            "0.28.1",
            {"amd64": "5ac7ab5e4b8ee5ce4d8fb0988f9cb275efcc3f181b4b408179fafee121693311"},
        ),
    )


RECIPE = AlertmanagerRecipe()
