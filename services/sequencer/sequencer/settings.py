"""What the sequencer reads from its environment beside what every process reads."""

from shared.settings import Environment


class SequencerSettings(Environment):
    smtp_connect_seconds: float = 30.0
    smtp_command_seconds: float = 60.0
    """For every reply but the last. RFC 5321 4.5.3.2 asks for five minutes where nothing is at
    stake yet; here a server that slow is asked again later."""
    smtp_final_seconds: float = 600.0
    """For the reply to the final dot, as RFC 5321 4.5.3.2.6 asks: giving up earlier makes mails
    whose fate nobody knows."""
    send_slots: int = 8
    """Hand-overs under way at once in one worker."""
    send_lease_seconds: float = 30.0
    """How long a worker may be silent before its hand-overs are taken to have died with it."""
    send_retry_seconds: tuple[float, ...] = (60.0, 300.0, 1800.0, 7200.0)
    """Waits after a refusal that may pass; the last one repeats."""
