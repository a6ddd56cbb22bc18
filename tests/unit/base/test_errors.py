from drillyard.base.errors import ExitCode, InvalidFilesError, MissingPartError, Problem, UserError


def test_a_user_error_reads_as_one_paragraph_with_place_and_remedy() -> None:
    error = UserError("The port is taken", where="127.0.0.1:8080", next_step="Stop what listens there.")
    assert str(error) == "The port is taken (127.0.0.1:8080). Stop what listens there."


def test_a_full_stop_in_the_sentence_is_not_doubled() -> None:
    assert str(UserError("No such scenario.", where="drill list")) == "No such scenario (drill list)."


def test_a_missing_part_has_its_own_exit_code() -> None:
    assert MissingPartError("HAProxy is not installed").exit_code is ExitCode.MISSING_PART


def test_refused_files_name_file_and_line_and_say_that_nothing_changed() -> None:
    error = InvalidFilesError([Problem("haproxy.cfg", 12, "unknown keyword 'bindd'", expected="'bind'")])
    assert "haproxy.cfg:12: unknown keyword 'bindd'. Expected 'bind'." in str(error)
    assert "Nothing was changed" in str(error)


def test_a_problem_of_the_whole_file_shows_no_line() -> None:
    assert str(Problem("range.toml", 0, "is empty")) == "range.toml: is empty."
