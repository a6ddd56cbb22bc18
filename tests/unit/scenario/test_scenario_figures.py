from drillyard.scenario.figures import drawn, filled, places


def test_a_variant_always_has_the_same_figures_and_others_have_others() -> None:
    values = {"rto_s": [60, 90, 120], "rpo_s": [10, 20]}
    found = [drawn("a", str(number), values) for number in range(20)]
    assert found[3] == drawn("a", "3", values)
    assert all(each["rto_s"] in values["rto_s"] and each["rpo_s"] in values["rpo_s"] for each in found)
    assert len({(each["rto_s"], each["rpo_s"]) for each in found}) > 3


def test_places_in_a_text_are_filled_and_unknown_ones_are_left() -> None:
    text = "{{rto_s}} s, {{cost}} EUR, {{share}}, {{host}} and {{ not }}"
    assert places(text) == {"rto_s", "cost", "share", "host"}
    assert filled(text, {"rto_s": 90.0, "cost": 12500, "share": 0.25}) == (
        "90 s, 12,500 EUR, 0.25, {{host}} and {{ not }}"
    )
