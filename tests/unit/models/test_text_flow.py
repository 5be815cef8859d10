from flowrun.models.text_flow import TextFlow
from flowrun.ports.models import TextDelta


def test_pieces_said_before_a_flush_are_one_delta():
    flow = TextFlow()
    assert not flow
    for piece in ("It ", "", "is"):
        flow.say(piece)
    assert flow.flush() == [TextDelta("It is")]
    assert flow.flush() == []
    assert (flow.text, bool(flow)) == ("It is", True)


def test_the_first_half_of_a_pair_waits_for_the_second():
    flow = TextFlow()
    flow.say("a\ud83d")
    assert flow.flush() == [TextDelta("a")]
    flow.say("\ude00b")
    assert flow.flush() == [TextDelta("😀b")]


def test_two_first_halves_leave_a_mark_for_the_one_that_stays_alone():
    flow = TextFlow()
    for piece in ("\ud83d", "\ud83d", "\ude00"):
        flow.say(piece)
    assert flow.flush() == [TextDelta("\ufffd😀")]
