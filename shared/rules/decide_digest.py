"""When a staff group is told what: tickets at once, notes in digests, never more than the robot may say.

A robot that is over its limit is muted for minutes by its vendor, and then says nothing at all; so posts are
metered below the limit, and what does not fit waits for the next digest.
"""

import hashlib
from datetime import datetime, timedelta

from shared.domain.commands import PostMessage
from shared.domain.decision import Decision, Facts
from shared.domain.events import CommandFailed, DeadlineReached, MessagePosted, NoticeRaised
from shared.domain.keys import digest_key
from shared.domain.notices import DigestCase, Notice, Posting
from shared.domain.policy import Policy, Robot
from shared.domain.why import Why

_MINUTE = timedelta(minutes=1)
_POSTS_PER_MINUTE_MAX = 18  # DingTalk and WeCom mute at 20
_NOTICES_PER_POST_MAX = 20
_BYTES_MAX = {"wecom": 4_000}  # of a post's text, where the channel takes less than most
_BYTES_MAX_USUAL = 19_000
_PENDING_MAX = 100
_POSTINGS_MAX = 10  # unanswered ones; more would fill the item while a robot hangs
_SEEN_MAX = _PENDING_MAX  # a copy of anything that can wait is known for one
_BROKEN_PAUSE = timedelta(hours=1)  # a robot that refuses for good is tried again rarely
_CONTROLS = dict.fromkeys([*map(chr, range(32)), "\x7f", "\x85", "\u2028", "\u2029"], " ")
_INERT = str.maketrans({**_CONTROLS, "[": "［", "]": "］", "<": "＜", ">": "＞"})
"""Posts are Markdown, and lines hold what couriers' people wrote: it makes no links and new lines, and calls nobody."""


def decide_digest(facts: Facts[DigestCase], policy: Policy, now: datetime) -> Decision[DigestCase]:
    """Give what to post now, what waits, and until when."""
    event = facts.event
    if event is None:
        return Decision(facts.case)
    group = event.case.id
    robot = policy.robots.get(group)
    if robot is None and policy.desk not in policy.robots:
        return Decision(facts.case)
    case = facts.case or DigestCase(group=group)
    match event:
        case NoticeRaised():
            case = _with_notice(case, event, policy, now)
        case MessagePosted():
            case = _answered(case, event.answers, timedelta(seconds=event.throttled_for_s), now)
        case CommandFailed():
            case = _answered(case, event.answers, _BROKEN_PAUSE, now)
        case DeadlineReached():
            pass
        case _:
            raise TypeError(f"{event.type} is not about a digest")
    if robot is None:
        return _passed_on(facts.merchant, case, policy)
    speaker = _Speaker(facts.merchant, policy, robot, now, case)
    speaker.repeat_unanswered()
    speaker.speak()
    return Decision(speaker.case, tuple(speaker.outbox), speaker.due())


def _passed_on(merchant: str, case: DigestCase, policy: Policy) -> Decision[DigestCase]:
    """A group whose robot a later policy took away is heard by the desk: what waited there, and what comes still."""
    about = str(digest_key(merchant, case.group))
    why = Why(rule="digest", policy_version=policy.version, facts={"group": case.group})
    letters = [
        NoticeRaised(merchant=merchant, group=policy.desk, about=about, notice=notice, why=why)
        for notice in case.pending
    ]
    return Decision(case.model_copy(update={"pending": (), "digest_at": None}), tuple(letters))


def _with_notice(case: DigestCase, event: NoticeRaised, policy: Policy, now: datetime) -> DigestCase:
    mark = hashlib.sha256(f"{event.about}|{event.notice!r}".encode()).hexdigest()[:12]
    if mark in case.seen:
        return case
    pending, lost = _kept((*case.pending, event.notice))
    return case.model_copy(
        update={
            "seen": (*case.seen, mark)[-_SEEN_MAX:],
            "pending": pending,
            "dropped": case.dropped + lost,
            "digest_at": case.digest_at or now + policy.digest_every,
        }
    )


def _kept(notices: tuple[Notice, ...]) -> tuple[tuple[Notice, ...], int]:
    """Give the notices that fit, in their order, and how many do not: notes give way to tickets, newer to older."""
    by_worth = sorted(range(len(notices)), key=lambda place: (not notices[place].urgent, place))
    places = sorted(by_worth[:_PENDING_MAX])
    return tuple(notices[place] for place in places), len(notices) - len(places)


def _answered(case: DigestCase, answers: str, pause: timedelta, now: datetime) -> DigestCase:
    """Forget a posting that was said; take back one that was not, and keep quiet for the pause."""
    step = int(answers.rsplit("#", 1)[1])
    mine = [posting for posting in case.postings if posting.step == step]
    if not mine:
        return case
    case = case.model_copy(update={"postings": tuple(p for p in case.postings if p.step != step)})
    if not pause:
        return case
    back = tuple(notice for posting in mine for notice in posting.notices)
    pending, lost = _kept(back + case.pending)
    return case.model_copy(
        update={
            "pending": pending,
            "dropped": case.dropped + lost + sum(posting.dropped for posting in mine),
            "digest_at": case.digest_at or now,
            "muted_until": max(case.muted_until or now, now + pause),
        }
    )


class _Speaker:
    """Turns what is pending into posts, as far as the robot's limit goes."""

    def __init__(self, merchant: str, policy: Policy, robot: Robot, now: datetime, case: DigestCase) -> None:
        self.merchant = merchant
        self.policy = policy
        self.robot = robot
        self.now = now
        self.case = case
        self.outbox: list[PostMessage] = []

    def repeat_unanswered(self) -> None:
        """Hand a posting over again whose answer never came; its caller knows whether it was said."""
        for posting in self.case.postings:
            if self.now >= posting.at + self.policy.answer_max:
                self._post(posting)
        late = {posting.step for posting in self.case.postings if self.now >= posting.at + self.policy.answer_max}
        renewed = tuple(
            posting.model_copy(update={"at": self.now}) if posting.step in late else posting
            for posting in self.case.postings
        )
        self._change(postings=renewed)

    def speak(self) -> None:
        """Post urgent notices now, and everything once the digest is due."""
        self._change(sent=tuple(at for at in self.case.sent if at > self.now - _MINUTE))
        digest_at = self.case.digest_at
        is_digest = digest_at is not None and self.now >= digest_at
        if self._is_muted or self._is_hanging or len(self.case.sent) >= _POSTS_PER_MINUTE_MAX:
            return
        tickets = [notice for notice in self.case.pending if notice.urgent]
        notes = [notice for notice in self.case.pending if not notice.urgent] if is_digest else []
        ready = (tickets + notes)[:_NOTICES_PER_POST_MAX]
        if not ready:
            return
        room = _BYTES_MAX.get(self.robot.channel, _BYTES_MAX_USUAL)
        while len(ready) > 1 and len(_render(tuple(ready), self.case.dropped)[1].encode()) > room:
            ready.pop()  # said with the next post, not cut off
        waiting = list(self.case.pending)
        for notice in ready:
            waiting.remove(notice)
        posting = Posting(step=self.case.step + 1, notices=tuple(ready), at=self.now, dropped=self.case.dropped)
        self._change(
            step=posting.step,
            dropped=0,
            pending=tuple(waiting),
            digest_at=(digest_at if not is_digest else self.now) if waiting else None,
            postings=(*self.case.postings, posting),
            sent=(*self.case.sent, self.now),
        )
        self._post(posting)

    def due(self) -> datetime | None:
        """When there is something to say or to ask again."""
        times = [posting.at + self.policy.answer_max for posting in self.case.postings]
        if self.case.pending and not self._is_hanging:
            wanted = self.now if any(n.urgent for n in self.case.pending) else self.case.digest_at or self.now
            allowed = self.now
            if self._is_muted and self.case.muted_until:
                allowed = self.case.muted_until
            elif len(self.case.sent) >= _POSTS_PER_MINUTE_MAX:
                allowed = self.case.sent[0] + _MINUTE
            times.append(max(wanted, allowed))
        return min(times, default=None)

    @property
    def _is_muted(self) -> bool:
        return self.case.muted_until is not None and self.now < self.case.muted_until

    @property
    def _is_hanging(self) -> bool:
        return len(self.case.postings) >= _POSTINGS_MAX

    def _post(self, posting: Posting) -> None:
        key = str(digest_key(self.merchant, self.case.group))
        title, text = _render(posting.notices, posting.dropped)
        self.outbox.append(
            PostMessage(
                merchant=self.merchant,
                command_id=f"{key}#{posting.step}",
                reply_to=key,
                why=Why(rule="digest", policy_version=self.policy.version, facts={"notices": len(posting.notices)}),
                channel=self.robot.channel,
                account=self.robot.account,
                group=self.case.group,
                title=title,
                text=text,
            )
        )

    def _change(self, **fields: object) -> None:
        self.case = self.case.model_copy(update=fields)


def _render(notices: tuple[Notice, ...], dropped: int) -> tuple[str, str]:
    if len(notices) == 1 and not dropped:
        only = notices[0]
        return only.title, "\n".join([f"### {only.title}", *(f"- {line.translate(_INERT)}" for line in only.lines)])
    title = f"护航播报 {len(notices)} 条"
    lines = [
        f"- **{notice.title}** " + "；".join(line.removesuffix("。") for line in notice.lines).translate(_INERT)
        for notice in notices
    ]
    more = [f"- 另有 {dropped} 条未列出"] if dropped else []
    return title, "\n".join([f"### {title}", *lines, *more])
