import pytest

from drillyard.assess.prose import section_of, sections_of
from drillyard.base.errors import UserError
from drillyard.drill.runbook import script_of
from drillyard.drill.runbook_lines import Block

RUNBOOK = """\
# When the shop is away

```sh
echo not this
```

## Recovery

First the database.

```sh
shopctl stop postgres
```

### Then the rest

```shell
for each in valkey haproxy; do
    shopctl start "$each"
done
```

```sql
SELECT 'not this either';
```

    echo nor this

## Communication

```sh
echo "and not this"
```
"""


def test_the_shell_blocks_of_the_section_are_one_script_that_stops_at_an_error() -> None:
    script = script_of(RUNBOOK, "recovery")
    assert script.blocks == (
        Block(12, "shopctl stop postgres"),
        Block(18, 'for each in valkey haproxy; do\n    shopctl start "$each"\ndone'),
    )
    assert script.shell == "sh"
    assert script.left_out == ("line 23: ```sql", "line 27: an indented block")


@pytest.mark.parametrize(
    "heading", ["## 2. Recovery", "## 2.1 Recovery", "## Recovery:", "## **Recovery**", "RECOVERY\n--------"]
)
def test_a_heading_is_found_however_it_is_written(heading: str) -> None:
    text = RUNBOOK.replace("## Recovery", heading)
    commands = [block.text for block in script_of(RUNBOOK, "Recovery").blocks]
    assert [block.text for block in script_of(text, "Recovery").blocks] == commands
    found = section_of(sections_of(text), "Recovery")
    assert found
    assert "First the database." in found.text
    assert "and not this" not in found.text


def test_a_block_for_bash_has_all_of_them_run_by_bash_and_none_is_dropped_silently() -> None:
    text = RUNBOOK.replace("```shell", "```bash").replace("```sql", "```{.sh}")
    script = script_of(text, "Recovery")
    assert script.shell == "bash"
    assert "shopctl stop postgres" in script.blocks[0].text
    assert "SELECT" in script.blocks[2].text
    assert script.left_out == ("line 27: an indented block",)
    with pytest.raises(UserError, match="no shell blocks are line 3: ```console"):
        script_of("## Recovery\n\n```console\n$ ls\n```\n", "Recovery")


@pytest.mark.parametrize(
    "text", ["", "# Recovery\n\nCall somebody.\n", RUNBOOK.replace("Recovery", "Rescue")]
)
def test_a_runbook_that_says_nothing_to_run_is_told_how(text: str) -> None:
    with pytest.raises(UserError, match="no shell block") as caught:
        script_of(text, "Recovery")
    assert "```sh" in caught.value.next_step


@pytest.mark.parametrize(
    "text",
    [
        "> We are sorry,\nthe shop is closed.\n---\n> more",
        "- a step that\n  goes on\n---\nmore",
        "1. step\n---\nmore",
    ],
)
def test_a_rule_below_a_list_or_quotation_is_no_heading(text: str) -> None:
    (section,) = sections_of(f"## Who is told\n\n{text}\n")
    assert section.text.strip() == text
