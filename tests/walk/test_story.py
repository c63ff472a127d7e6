"""The reviewer's story in a browser: open, read, draft, sign, reload, print, ask, upload, with no violation of WCAG 2.2 AA."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect

from reasoner import Policy
from reasoner.store.audit import AuditTrail
from tests.conftest import CASES, free_port
from tests.walk.visitor import PATIENCE, Visitor, start
from tests.workplace.provider import provided
from tests.workplace.sample_base import MARKUP, build, opaque_id


def test_a_nurse_reads_asks_and_refers(visitor: Visitor, base: Path) -> None:
    page = visitor.page
    visitor.sign_in("Nora Fields").check()
    visitor.sees("Local mode.")
    visitor.open("nothing-on-supports").check()
    visitor.sees(re.compile("DOCUMENTATION NEEDED"))
    assert opaque_id("nothing-on-supports") in page.url
    assert "nothing-on-supports" not in page.url
    assert page.title() == "Necessity"
    # The tree by keyboard: to the first section, into it, down to an item that is met.
    tree = page.get_by_role("tree", name="Criteria")
    closed = tree.get_by_role("treeitem").count()
    tree.locator("li[tabindex='0']").focus()
    page.keyboard.press("Home")
    for key in ("ArrowDown", "ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(tree.get_by_role("treeitem")).not_to_have_count(closed)
    visitor.sees("What the chart says")
    visitor.sees("“Recurrent major depression, severe, without psychosis.”")
    visitor.check()
    visitor.view("Missing").sees("What would complete the record")
    visitor.check()
    visitor.view("Readings").sees(re.compile("As read now"))
    visitor.check()
    visitor.view("Documents").sees("Service starts")
    visitor.check()
    visitor.view("What if")
    page.get_by_label("Criterion", exact=True).click()
    page.keyboard.type("7.a")
    page.get_by_role("option").first.click()
    visitor.settle()
    page.get_by_role("button", name="Assume").click()
    visitor.settle()
    visitor.sees("criteria met")
    visitor.check()
    visitor.view("Data").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Record as PDF").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    with page.expect_download() as download:
        page.get_by_role("button", name="Record as HTML").click()
    assert "DOCUMENTATION NEEDED" in Path(download.value.path()).read_text()
    visitor.name(
        Reference="A-301", Member_name="Ruth Okafor", Member_address="17 Elm Street", Provider_address="3 Oak Avenue"
    )
    visitor.view("Decide").sees("Choose what you sign.")
    expect(page.get_by_role("button", name=re.compile("sign as"))).to_have_count(0)
    page.get_by_text("Request documentation", exact=True).click()
    visitor.settle()
    visitor.check()
    visitor.write("Rationale", "Support is not described.").saved("Rationale")
    letter = page.get_by_label("Letter", exact=True)
    expect(letter).to_have_value(re.compile(r"Nothing has been decided against it\."))
    letter.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("Call us at any time.")
    visitor.saved("Letter")
    page.reload()
    visitor.settle()
    expect(page.get_by_label("Rationale", exact=True)).to_have_value("Support is not described.")
    expect(page.get_by_label("Letter", exact=True)).to_have_value(re.compile(r"Call us at any time\.$"))
    expect(page.get_by_role("button", name=re.compile("sign as Nora Fields"))).to_be_disabled()
    page.get_by_text("I have read the record").click()
    visitor.settle()
    page.get_by_role("button", name=re.compile("sign as Nora Fields")).click()
    visitor.sees("Recorded: request documentation.")
    # The letter is listed with its copy to the member, as both were sent.
    page.get_by_text(re.compile(r"^Letter of \S+ \S+ documentation requested, Nora Fields")).click()
    visitor.sees(re.compile("Bluff Country IOP .invented.\n3 Oak Avenue"))
    page.get_by_text(re.compile("^Letter of 20.*: copy to the member of: documentation requested")).click()
    visitor.sees(re.compile("Ruth Okafor\n17 Elm Street"))
    # Whoever has signed has chosen nothing that they sign next, and not read it.
    page.get_by_text("Withdrawn by who asked", exact=True).click()
    visitor.settle()
    expect(page.get_by_role("checkbox", name="I have read the record")).not_to_be_checked()
    visitor.check()
    visitor.go("Worklist").sees("documentation requested")
    actions = [entry.action for entry in AuditTrail(base / "audit.jsonl").entries()]
    assert {"sign in", "read", "export", "decide"} <= set(actions)
    assert not AuditTrail(base / "audit.jsonl").verify()


def test_a_clinician_overrides_and_signs_adversely(visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_in("Clara Voss, MD", "clinician", "MO 4711").open("needs-round-the-clock-care")
    page.get_by_role("button", name="Open all").click()
    page.get_by_role("treeitem", name=re.compile("^3, capable")).click()
    visitor.settle()
    # A list closes when the page is scrolled, as the click itself may do.
    page.get_by_label("Override the status").scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    page.get_by_label("Override the status").click()
    page.get_by_role("option", name="not documented").click()
    visitor.settle()
    for label, text in (
        ("Reason for the override (required)", "The note is not hers."),
        ("Comment", "Asked the author."),
    ):
        visitor.write(label, text).saved(label)
    visitor.view("Decide").sees("The note is not hers.")
    page.get_by_text("Decide adversely", exact=True).click()
    visitor.settle()
    visitor.sees("Fill in “Rationale”.")
    visitor.sees("Complete the letter.")
    letter = re.sub(r"\[[ANR][A-Z ]+\]", "17 Elm Street", page.get_by_label("Letter", exact=True).input_value())
    for label, text in (("Rationale", "Continuous supervision is needed."), ("Letter", letter)):
        visitor.write(label, text).saved(label)
    page.get_by_text("I have read the record").click()
    visitor.settle()
    page.get_by_role("button", name=re.compile("sign as Clara Voss")).click()
    visitor.sees("Recorded: decide adversely.")
    page.get_by_text(re.compile("^Letter of 20.*: adverse")).click()
    visitor.sees(re.compile("license MO 4711"))
    visitor.check()


def test_a_nurse_cannot_decide_adversely_nor_a_viewer_at_all(browser, workplace: str) -> None:
    nurse, viewer = Visitor(browser, workplace), Visitor(browser, workplace)
    nurse.sign_in("Ned Hale").open("illinois/continuation-without-asam".rpartition("/")[2]).view("Decide")
    nurse.sees("An adverse decision takes a licensed clinician.")
    assert nurse.page.get_by_text("Decide adversely", exact=True).count() == 0
    viewer.sign_in("Vera Lund", "viewer").open("criteria-met").view("Decide").sees(
        re.compile("you can read the request, not decide on it")
    )
    viewer.go("Audit").sees("An administrator reads the audit trail.")
    viewer.check()
    for person in (nurse, viewer):
        person.close()


def test_two_reviewers_and_two_windows(browser, workplace: str) -> None:
    first, second = Visitor(browser, workplace), Visitor(browser, workplace)
    first.sign_in("Ann One").open("criteria-met").name(
        Reference="A-302", Member_name="R. Roe", Member_address="1 Elm St"
    )
    first.view("Decide")
    first.page.get_by_text("Approve", exact=True).click()
    first.settle()
    first.write("Rationale", "Mine.")
    first.saved("Rationale")
    second.sign_in("Ben Two").open("R. Roe, A-302").sees(
        re.compile("Ann One has this case open and has an unsigned draft")
    )
    second.view("Decide").sees("Choose what you sign.")
    # To look is not to draft, the letter that is offered included.
    first.page.reload()
    first.sees(re.compile("Ben Two has this case open. Your drafts"))
    # A second window of the first person.
    window = first.context.new_page()
    first.watch(window)
    window.goto(first.page.url)
    window.get_by_label("Rationale", exact=True).wait_for()
    expect(window.get_by_label("Rationale", exact=True)).to_have_value("Mine.")
    first.write("Rationale", "Mine, longer.")
    first.saved("Rationale")
    window.get_by_label("Rationale", exact=True).fill("From the other window.")
    window.get_by_text("This text was changed in another window. Keep one of the two.").wait_for()
    window.get_by_text("Mine, longer.", exact=True).wait_for()
    window.get_by_role("button", name="Take the other").click()
    expect(window.get_by_label("Rationale", exact=True)).to_have_value("Mine, longer.")
    # What is signed is what the window shows.
    window.get_by_text("I have read the record").click()
    first.settle(window)
    first.write("Rationale", "Mine, longest.")
    first.saved("Rationale")
    window.get_by_role("button", name=re.compile("sign as Ann One")).click()
    window.get_by_text("The draft was changed in another window just now. Read it again, then sign.").wait_for()
    expect(window.get_by_label("Rationale", exact=True)).to_have_value("Mine, longest.")
    window.close()
    # Ben decides; what Ann has before her is not what holds any more, and she is told who was first.
    second.page.get_by_text("Approve", exact=True).click()
    second.settle()
    expect(second.page.get_by_label("Rationale", exact=True)).to_have_value("")
    second.page.get_by_text("I have read the record").click()
    second.settle()
    second.page.get_by_role("button", name=re.compile("sign as Ben Two")).click()
    second.sees("Recorded: approve.")
    first.sees("Ben Two has signed in the meantime: approved. Nothing of yours was signed.")
    first.sees("Steps so far")
    first.sees(re.compile("APPROVED: a person has found"))
    first.sees(re.compile("in place of what Ben Two signed on"))
    first.check()
    # Who goes to another page has the case open no longer.
    second.go("Worklist")
    first.page.reload()
    first.settle()
    expect(first.page.get_by_text(re.compile("Ben Two has this case open"))).to_have_count(0)
    for person in (first, second):
        person.close()


def test_an_open_criterion_is_accepted_and_withdrawn(visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_in("Olga Roe").open("other-factor-not-accepted")
    before = page.get_by_role("region", name="Outcome").inner_text()
    page.get_by_role("button", name="Open all").click()
    page.get_by_role("treeitem", name=re.compile(r"^8\.a\.other")).click()
    visitor.settle()
    page.get_by_label("Why it is accepted").fill("Well described and specific.")
    page.get_by_role("button", name="Accept this statement").click()
    visitor.sees("A reviewer has accepted this statement.")
    visitor.settle()
    assert page.get_by_role("region", name="Outcome").inner_text() != before
    page.get_by_label("Why the acceptance is withdrawn").fill("It was about someone else.")
    page.get_by_role("button", name="Withdraw the acceptance").click()
    page.get_by_role("button", name="Accept this statement").wait_for()
    visitor.settle()
    assert page.get_by_role("region", name="Outcome").inner_text() == before


def test_hostile_text_does_nothing(visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_in("Hal Moor").open("hostile").check()
    page.get_by_role("button", name="Open all").click()
    page.get_by_role("treeitem", name=re.compile("^3, capable")).click()
    visitor.settle()
    visitor.sees(re.compile(re.escape("![x](https://evil.example/b.png)")))
    for view in ("Missing", "Documents", "Decide", "Data"):
        visitor.view(view).check()
    assert page.title() == "Necessity"
    assert page.locator("img[src*='evil']").count() == 0
    assert "\u202e" not in page.locator("body").inner_text().replace(MARKUP, "") or visitor.view("Documents")
    visitor.view("Documents")
    assert "\u202e" not in page.locator("body").inner_text()


def test_looking_up(visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_in("Ada Min", "administrator")
    visitor.go("Overview").sees("Criteria that block most")
    page.wait_for_timeout(1500)
    visitor.check()
    visitor.go("Policy").sees("Can be read otherwise")
    visitor.check()
    page.get_by_role("treeitem", name=re.compile("^1, diagnosis")).first.click()
    visitor.settle()
    page.get_by_text("Shape", exact=True).click()
    visitor.sees(re.compile("sh:and"))
    visitor.check()
    visitor.go("Questions")
    page.get_by_label("Question", exact=True).click()
    page.keyboard.type("(outcomes)")
    page.keyboard.press("Enter")
    visitor.settle()
    page.get_by_role("button", name="Ask", exact=True).click()
    visitor.sees(re.compile(r"\d+ rows"))
    visitor.check()
    with page.expect_download() as download:
        page.get_by_role("button", name="csv", exact=True).click()
    assert "outcome" in Path(download.value.path()).read_text().splitlines()[0]
    visitor.go("Audit").sees(re.compile("The trail is whole"))
    visitor.check()


def test_a_batch(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.page
    bad = tmp_path / "bad.ttl"
    bad.write_text("this is no turtle")
    visitor.sign_in("Ada Min", "administrator").go("Batch").check()
    page.locator("input[type=file]").set_input_files(
        [str(CASES / "mp9556" / "adult-admission" / "homelessness-with-need.ttl"), str(bad)]
    )
    visitor.settle()
    page.get_by_role("button", name="Determine").click()
    visitor.sees("1 determination")
    visitor.sees("Rejected: 1")
    visitor.check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Results as CSV").click()
    assert "homelessness-with-need" in Path(download.value.path()).read_text()
    page.get_by_role("button", name="Put them on the worklist").click()
    visitor.sees("1 added")
    visitor.go("Worklist").sees("homelessness-with-need")


@pytest.mark.parametrize(
    "options", [{"color_scheme": "dark"}, {"viewport": {"width": 820, "height": 1180}, "has_touch": True}]
)
def test_in_the_dark_and_on_a_tablet(browser, workplace: str, options: dict) -> None:
    visitor = Visitor(browser, workplace, **options)
    visitor.sign_in("Tess Ott", path=f"/case?id={opaque_id('criteria-met')}")
    visitor.sees(re.compile("CRITERIA MET"))
    visitor.check()
    for view in ("Missing", "Readings", "Documents", "Decide"):
        visitor.view(view).check()
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    visitor.close()


def test_signing_in_with_a_provider(browser, tmp_path: Path, policy: Policy) -> None:
    port = free_port()
    with provided() as provider:
        auth = tmp_path / "auth.toml"
        auth.write_text(
            f"""[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "{"s" * 40}"
client_id = "necessity"
client_secret = "secret"
server_metadata_url = "{provider.url}/.well-known/openid-configuration"
"""
        )
        folder = build(tmp_path / "kb", policy)
        built = len(list(AuditTrail(folder / "audit.jsonl").entries()))
        process, url = start(folder, "--auth", str(auth), port=port)
        try:
            provider.claims = {"sub": "1", "name": "Pia Stone", "roles": ["necessity-reviewer"], "profession": "nurse"}
            visitor = Visitor(browser, url)
            page = visitor.page
            page.goto(f"{url}/case?id={opaque_id('criteria-met')}")
            page.get_by_role("button", name="Sign in with your organization").click()
            page.get_by_text("Pia Stone").wait_for()
            assert page.get_by_text("Local mode.").count() == 0
            visitor.open("nothing-on-supports").view("Decide").sees("An adverse decision takes a licensed clinician.")
            page.get_by_role("button", name="Sign out").click()
            page.get_by_role("button", name="Sign in with your organization").wait_for()
            provider.claims = {"sub": "2", "name": "Stranger", "roles": ["someone-else"]}
            page.get_by_role("button", name="Sign in with your organization").click()
            visitor.sees(re.compile("no role is given to any of this person's groups"))
            assert page.get_by_role("table").count() == 0
            visitor.close()
        finally:
            process.terminate()
            process.wait(PATIENCE)
    entries = list(AuditTrail(folder / "audit.jsonl").entries())[built:]
    assert {e.name for e in entries} == {"Pia Stone"}
    assert entries[0].detail == "identity provider"


def test_a_crash_loses_nothing(browser, tmp_path: Path, policy: Policy) -> None:
    folder = build(tmp_path / "kb", policy)
    process, url = start(folder)
    visitor = Visitor(browser, url).sign_in("Kit Wren").open("criteria-met").view("Decide")
    visitor.page.get_by_text("Approve", exact=True).click()
    visitor.settle()
    visitor.write("Rationale", "Written before the crash.").saved("Rationale")
    address = visitor.page.url.removeprefix(url)
    process.kill()
    process.wait(PATIENCE)
    visitor.close()
    process, url = start(folder)
    try:
        after = Visitor(browser, url)
        after.page.goto(url + address)
        after.page.get_by_label("Rationale", exact=True).wait_for()
        expect(after.page.get_by_label("Rationale", exact=True)).to_have_value("Written before the crash.")
        after.close()
    finally:
        process.terminate()
        process.wait(PATIENCE)
    assert not AuditTrail(folder / "audit.jsonl").verify()


def test_what_every_answer_carries(workplace: str) -> None:
    with urllib.request.urlopen(workplace) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "img-src 'self' data: blob:" in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    request = urllib.request.Request(workplace, headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request)
