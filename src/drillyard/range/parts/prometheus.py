"""Prometheus; its package brings promtool along."""

from drillyard.range.parts.packaged import Package, PackagedRecipe
from drillyard.range.parts.upstream import Release


class PrometheusRecipe(PackagedRecipe):
    """The server."""

    name = "prometheus"
    title = "Prometheus"
    programs = ("prometheus",)
    oldest = (2, 40)
    lost_without = "dashboards, alert rules and PromQL; drills that need none of them still run"
    package = Package(
        debian="prometheus",
        debian_program="prometheus",
        program="prometheus",
        release=Release(
            "prometheus",
            "2.53.4",
            {
                "amd64": "b8b497c4610d1b93208252b60c8f20f6b2e78596ae8df43397a2e805aa53d475",
                "arm64": "ec7236ecea7154d0bfe142921708b1ae7b5e921e100e0ee85ab92b7c444357e0",
            },
        ),
    )


RECIPE = PrometheusRecipe()
