from drillyard.cli.valkey import render


def test_answers_look_as_in_valkey_cli() -> None:
    assert render(None) == "(nil)"
    assert render(3) == "(integer) 3"
    assert render(b"abc") == '"abc"'
    assert render([]) == "(empty array)"
    assert render(b"# Stats\r\nkeyspace_hits:3\r\n") == "# Stats\nkeyspace_hits:3"
    assert render([b"a", [1, None]]) == '1) "a"\n2) 1) (integer) 1\n   2) (nil)'
