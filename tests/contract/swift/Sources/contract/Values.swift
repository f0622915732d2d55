// The face's values as JSON, in the contract's names.

import Taptill

/// The word of an enumeration's value: `.inDoubt` is `in_doubt`, and what it carries is left out.
func word(_ value: Any) -> String {
    var word = ""
    for (index, letter) in String(describing: value).prefix(while: { $0 != "(" }).enumerated() {
        if letter.isUppercase, index > 0 { word.append("_") }
        word += letter.lowercased()
    }
    return word
}

func json(_ attempt: Attempt) -> Json {
    let reversal = attempt.reversal.map { reversal in
        [
            "reason": .text(reversal.reason), "sends": .from(reversal.sends), "host_code": .from(reversal.hostCode),
        ] as Json
    }
    let void = attempt.void.map { void in
        [
            "attempt": .text(void.attempt), "state": .text(word(void.state)),
            "decision": .from(void.decision.map { word($0) }),
        ] as Json
    }
    return [
        "attempt": .text(attempt.attempt), "kind": .text(word(attempt.kind)), "of": .from(attempt.of),
        "void": void ?? .null, "refunds": .list(attempt.refunds.map(Json.text)),
        "decision": .from(attempt.decision.map { word($0) }), "order": .from(attempt.order),
        "state": .text(word(attempt.state)),
        "reason": .from(attempt.reason), "money": .text(word(attempt.money)), "minor": .from(attempt.amount.minor),
        "currency": .text(attempt.amount.currency), "refunded_minor": .from(attempt.refundedMinor),
        "delivered": .flag(attempt.delivered), "settled": .flag(attempt.settled),
        "card_masked": .from(attempt.cardMasked), "label": .from(attempt.label), "cvm": .from(attempt.cvm),
        "stan": .from(attempt.stan), "batch": .from(attempt.batch), "auth_code": .from(attempt.authCode),
        "rrn": .from(attempt.rrn), "host_code": .from(attempt.hostCode), "reversal": reversal ?? .null,
        "printed_merchant": .from(attempt.printedMerchant), "printed_customer": .from(attempt.printedCustomer),
    ]
}

func json(_ error: TillError) -> Json {
    var object = json(error.facts).object ?? [:]
    object["category"] = .text(word(error))
    return .object(object)
}

func json(_ facts: ErrorFacts) -> Json {
    let details = facts.details.map { ($0.name, Json.text($0.value)) }
    let blockers = facts.blockers.map { json($0) }
    let candidates = facts.candidates.map { json($0) }
    return [
        "blockers": .list(blockers), "candidates": .list(candidates), "code": .text(facts.code),
        "money": .text(word(facts.money)), "retry": .text(word(facts.retry)),
        "reversal": .text(word(facts.reversal)), "actor": .text(word(facts.actor)), "attempt": .from(facts.attempt),
        "host_code": .from(facts.hostCode), "details": .object(Dictionary(details) { _, last in last }),
    ]
}

func json(_ blocker: Blocker) -> Json {
    ["why": .text(blocker.why), "name": .text(blocker.name), "remedy": .from(blocker.remedy)]
}

func json(_ candidate: Candidate) -> Json {
    [
        "attempt": .text(candidate.attempt), "minor": .from(candidate.amount.minor),
        "currency": .text(candidate.amount.currency), "card_masked": .from(candidate.cardMasked),
    ]
}

func json(_ words: ErrorWords) -> Json {
    ["what": .text(words.what), "todo": .text(words.todo), "money": .text(words.money)]
}

func json(_ page: Page) -> Json {
    ["attempts": .list(page.attempts.map(json)), "next": .from(page.next)]
}

func json(_ resolved: Resolved) -> Json {
    [
        "closed": .list(resolved.closed.map(json)), "left": .list(resolved.left.map(json)),
        "refunds_closed": .list(resolved.refundsClosed.map(json)),
        "refunds_left": .list(resolved.refundsLeft.map(json)),
    ]
}

func json(_ verified: Verified) -> Json {
    ["events": .from(verified.events), "root": .text(verified.root)]
}

func json(_ info: TillInfo) -> Json {
    [
        "terminal_id": .text(info.terminalId), "merchant_id": .text(info.merchantId),
        "merchant_name": .text(info.merchantName), "currency": .text(info.currency),
        "currency_decimals": .from(info.currencyDecimals), "sale_max_minor": .from(info.saleMaxMinor),
        "time_zone": .text(info.timeZone), "host": .text(info.host),
    ]
}

func json(_ state: TillState) -> Json {
    [
        "standing": .text(word(state.standing)), "operator": .from(state.operator),
        "role": .from(state.role.map { word($0) }), "waiting": .from(state.waiting),
        "locks_in_ms": .from(state.locksInMs), "biometric": .text(word(state.biometric)),
        "frozen": state.frozen.map { json($0) } ?? .null, "settlement_missed_ms": .from(state.settlementMissedMs),
        "is_rolled_back": .flag(state.isRolledBack), "network": state.network.map { json($0) } ?? .null,
    ]
}

func json(_ facts: FreezeFacts) -> Json {
    [
        "by": .from(facts.by), "reason": .from(facts.reason), "from": .text(word(facts.from)),
        "since_ms": .from(facts.sinceMs),
    ]
}

func json(_ done: PasswordDone) throws -> Json {
    let session = done.session.map { session in
        [
            "operator": .text(session.operator), "role": .text(word(session.role)),
            "password_days_left": .from(session.passwordDaysLeft), "failed_before": .from(session.failedBefore),
            "cut_before": .flag(session.cutBefore), "waiting": .from(session.waiting),
        ] as Json
    }
    return ["session": session ?? .null, "recovery": try done.recovery.map(text) ?? .null]
}

/// A code, character by character. A shell shows it and keeps no text of it.
func text(_ code: RecoveryCode) throws -> Json {
    .text(String(decoding: try (0..<code.length()).map { try code.character(place: $0) }, as: UTF8.self))
}

func json(_ operators: [OperatorFacts]) -> Json {
    .list(
        operators.map { one in
            [
                "name": .text(one.name), "role": .text(word(one.role)), "is_temporary": .flag(one.isTemporary),
                "is_locked_out": .flag(one.isLockedOut),
            ]
        })
}

func json(_ policy: ShopPolicy) -> Json {
    var rules = Json.null
    if case .own(let own) = policy.password {
        rules = [
            "min_length": .from(own.minLength), "letters_and_digits": .flag(own.lettersAndDigits),
            "common_refused": .flag(own.commonRefused), "history": .from(own.history),
            "max_age_days": .from(own.maxAgeDays),
        ]
    }
    return [
        "password": .text(word(policy.password)), "rules": rules, "idle_ms": .from(policy.idleMs),
        "session_max_ms": .from(policy.sessionMaxMs), "tries": .from(policy.tries),
        "lockout_ms": .from(policy.lockoutMs), "checkpoint_every": .from(policy.checkpointEvery),
        "biometric_days": .from(policy.biometricDays), "shop_words": .list(policy.shopWords.map(Json.text)),
        "settle_at_minute": .from(policy.settleAtMinute),
        "two_people_to_deregister": .flag(policy.twoPeopleToDeregister),
        "freeze_needs_password_at_lock_screen": .flag(policy.freezeNeedsPasswordAtLockScreen),
        "contactless_card": json(policy.refunds.contactlessCard),
        "encrypted_read": json(policy.refunds.encryptedRead),
    ]
}

private func json(_ rules: RefundRules) -> Json {
    var below = Json.null
    if case .noneBelow(let minor) = rules.approval { below = .from(minor) }
    return [
        "window_days": .from(rules.windowDays), "verification": .text(word(rules.verification)),
        "approval": .text(word(rules.approval)), "below_minor": below,
        "self_approval_allowed": .flag(rules.selfApprovalAllowed),
        "request_lifetime_ms": .from(rules.requestLifetimeMs),
    ]
}

func json(_ page: EventPage) -> Json {
    let events = page.events.map { event in
        [
            "cursor": .from(event.cursor), "kind": .text(event.kind), "attempt": .from(event.attempt),
            "state": .from(event.state.map { word($0) }),
        ] as Json
    }
    return ["events": .list(events), "acknowledged": .from(page.acknowledged), "more": .flag(page.more)]
}

func text(_ notice: Notice) -> String {
    switch notice {
    case .show(let prompt): "show \(word(prompt))"
    case .attempt(_, let state): "attempt \(word(state))"
    case .till(let standing): "till \(word(standing))"
    case .fieldOn, .fieldOff, .sessionEnding: word(notice)
    }
}

func json(_ screen: Screen) -> Json {
    let rows = screen.rows.map { ["label": .text($0.label), "value": .text($0.value)] as Json }
    let fields = screen.fields.map { field in
        ["name": .text(word(field.name)), "label": .text(field.label), "is_secret": .flag(field.isSecret)] as Json
    }
    let actions = screen.actions.map { action in
        [
            "intent": .text(word(action.intent)), "label": .text(action.label), "role": .text(word(action.role)),
            "enabled": .flag(action.enabled),
        ] as Json
    }
    return [
        "kind": .text(word(screen.kind)), "tone": .text(word(screen.tone)), "title": .text(screen.title),
        "headline": .from(screen.headline), "message": .from(screen.message), "advice": .from(screen.advice),
        "lights": .from(screen.lights), "field_on": .flag(screen.fieldOn), "keypad": .flag(screen.keypad),
        "private": .flag(screen.private), "slip": .from(screen.slip), "language": .text(word(screen.language)),
        "rows": .list(rows), "fields": .list(fields), "actions": .list(actions),
    ]
}
