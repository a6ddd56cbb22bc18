"""The toolkit's log, and its way to write what JSON has no word for."""

import logging
import warnings

with warnings.catch_warnings():
    # It imports the JSON logger under a former name, which every user would be told of.
    warnings.simplefilter("ignore", DeprecationWarning)
    from chaoslib.log import configure_logger, encoder

LOG = logging.getLogger("chaostoolkit")


def set_up_log(*, verbose: bool) -> None:
    """Log to standard error when `verbose`, else nowhere; never to a file."""
    LOG.handlers.clear()
    configure_logger(verbose=verbose)
    if not verbose:
        LOG.handlers[:] = [logging.NullHandler()]


def encoded(value: object) -> str:
    """A value that is none of JSON's, as the toolkit writes it; else as text, so that no journal is lost."""
    try:
        said: str = encoder(value)
    except TypeError:
        return str(value)
    return said
