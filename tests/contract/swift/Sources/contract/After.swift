// The calls about what comes after a sale: voids, refunds, debts, settlement, the statement check and leaving.

import Foundation
import Taptill

extension Bench {
    /// A call about what comes after a sale; nothing for any other.
    func ofAfter(_ name: String, _ with: inout Args) throws -> Json? {
        try ofDebts(name, &with) ?? ofRefunds(name, &with) ?? ofSettlement(name, &with) ?? ofStatements(name, &with)
            ?? ofLeaving(name, &with)
    }

    private func ofDebts(_ name: String, _ with: inout Args) throws -> Json? {
        switch name {
        case "start_void":
            let order = VoidOrder(of: try with.text("of"), attempt: try with.optionalText("attempt"))
            try with.finish()
            let started = try payments().startVoid(order: order)
            operation = started
            return ["attempt": .text(try started.attempt())]
        case "debts":
            try with.finish()
            return .list(try payments().debts().map(json))
        case "decide":
            let attempt = try with.text("attempt")
            let decision = try oneOf(with.text("decision"), [Decision.charged, .notCharged])
            try with.finish()
            return json(try payments().decide(attempt: attempt, decision: decision))
        default: return nil
        }
    }

    private func ofRefunds(_ name: String, _ with: inout Args) throws -> Json? {
        switch name {
        case "request_refund":
            let of = try refundOf(&with)
            let amount = Amount(
                minor: try with.whole("minor", as: Int64.self), currency: try with.text("currency", or: "CNY"))
            let name = try with.optionalText("name")
            return try refund(&with) { try await $0.request(of: of, amount: amount, name: name) }
        case "approve_refund":
            let id = try with.text("refund")
            return try refund(&with) { try await $0.approve(refund: id) }
        case "approve_refund_as":
            let (id, (who, password)) = (try with.text("refund"), try person(&with, .alice))
            try with.finish()
            let refunds = try opened().refunds()
            let work = try lending(password) { try refunds.approveAs(refund: id, approver: who, password: $0) }
            return try wait { try await work.awaitDone() }.refund.map { json($0) } ?? .null
        case "reject_refund":
            let (id, reason) = (try with.text("refund"), try with.text("reason"))
            return try refund(&with) { try await $0.reject(refund: id, reason: reason) }
        case "decide_refund":
            let id = try with.text("refund")
            let decision = try oneOf(with.text("decision"), [RefundDecision.paid, .notPaid])
            return try refund(&with) { try $0.decide(refund: id, decision: decision) }
        case "refunds":
            let query = RefundQuery(
                limit: try with.optionalWhole("limit", as: UInt32.self) ?? 20,
                attempt: try with.optionalText("attempt"), cursor: try with.optionalText("cursor"))
            try with.finish()
            let page = try opened().refunds().list(query: query)
            return ["refunds": .list(page.refunds.map(json)), "next": .from(page.next)]
        case "voucher":
            let (id, request) = (try with.text("refund"), try receipt(&with))
            try with.finish()
            return .text(try opened().refunds().voucher(refund: id, request: request))
        default: return nil
        }
    }

    /// The last argument was asked for: asks for the refund.
    private func refund(
        _ with: inout Args, _ call: @escaping @Sendable (Refunds) async throws -> Refund
    ) throws -> Json {
        try with.finish()
        let refunds = try opened().refunds()
        return json(try wait { try await call(refunds) })
    }

    /// How a case names the sale.
    private func refundOf(_ with: inout Args) throws -> RefundOf {
        let batch = try with.optionalWhole("batch", as: UInt32.self)
        let ways: [RefundOf?] = [
            try with.optionalText("attempt").map { .attempt(attempt: $0) },
            try with.optionalText("order").map { .order(order: $0) },
            try with.optionalText("rrn").map { .rrn(rrn: $0) },
            try with.optionalWhole("stan", as: UInt32.self).map { .receipt(stan: $0, batch: batch) },
        ]
        let named = ways.compactMap { $0 }
        guard let of = named.first, named.count == 1 else {
            throw Failure(.unknown, "a refund's sale is named in one way")
        }
        return of
    }

    private func ofSettlement(_ name: String, _ with: inout Args) throws -> Json? {
        switch name {
        case "settle":
            try with.finish()
            let settlement = try opened().settlement()
            return json(try wait { try await settlement.settle() })
        case "decide_batch":
            let number = try with.whole("number", as: UInt32.self)
            let decision = try oneOf(with.text("decision"), [BatchDecision.closed, .notClosed])
            try with.finish()
            return json(try opened().settlement().decide(batch: number, decision: decision))
        case "batch":
            let number = try with.optionalWhole("number", as: UInt32.self)
            try with.finish()
            return json(try opened().settlement().batch(number: number))
        case "batch_report":
            let number = try with.optionalWhole("number", as: UInt32.self)
            let (width, language) = (try width(&with), try language(&with))
            try with.finish()
            return .text(try opened().settlement().report(number: number, width: width, language: language))
        default: return nil
        }
    }

    private func ofLeaving(_ name: String, _ with: inout Args) throws -> Json? {
        switch name {
        case "exit_checklist":
            try with.finish()
            return json(try opened().leaving().checklist())
        case "exit":
            let force = try with.optionalText("force")
            try with.finish()
            let leaving = try opened().leaving()
            return json(try wait { try await leaving.exit(force: force) })
        default: return nil
        }
    }

    private func ofStatements(_ name: String, _ with: inout Args) throws -> Json? {
        switch name {
        case "check_statement_file":
            let (path, columns) = (try with.text("file"), try with.optionalText("columns"))
            let format = try with.text("format", or: "csv")
            guard ["csv", "camt"].contains(format) else { throw Failure(.unknown, "there is no format \(format)") }
            let (from, to) = (try with.optionalText("from"), try with.optionalText("to"))
            try with.finish()
            let file: StatementFile = format == "csv" ? .csv(columns: columns) : .camt
            check = try opened().statements().checkFile(path: path, file: file, from: from, to: to)
            return .null
        case "check_statement_host":
            let (from, to) = (try with.text("from"), try with.text("to"))
            try with.finish()
            check = try opened().statements().checkHost(from: from, to: to)
            return .null
        case "differences":
            let limit = try with.optionalWhole("limit", as: UInt32.self) ?? 100
            try with.finish()
            let check = try check.orUnknown("no statement check was begun")
            return try json(try wait { try await check.next(limit: limit) })
        case "statement_summary":
            try with.finish()
            let check = try check.orUnknown("no statement check was begun")
            return json(try wait { try await check.awaitSummary() })
        case "last_statement_check":
            try with.finish()
            return try opened().statements().last().map { json($0) } ?? .null
        default: return nil
        }
    }
}

func json(_ refund: Refund) -> Json {
    [
        "refund": .text(refund.refund), "attempt": .text(refund.attempt), "order": .from(refund.order),
        "state": .text(word(refund.state)), "reason": .from(refund.reason), "minor": .from(refund.amount.minor),
        "currency": .text(refund.amount.currency), "requested_by": .from(refund.requestedBy),
        "approved_by": .from(refund.approvedBy), "rejected_by": .from(refund.rejectedBy),
        "rejected_because": .from(refund.rejectedBecause), "decision": .from(refund.decision.map { word($0) }),
        "card_masked": .from(refund.cardMasked), "stan": .from(refund.stan), "batch": .from(refund.batch),
        "sends": .from(refund.sends), "host_code": .from(refund.hostCode), "rrn": .from(refund.rrn),
    ]
}

func json(_ batch: Batch) -> Json {
    let totals = batch.totals.map { totals in
        let brands = totals.brands.map { ["brand": .text($0.brand), "sums": json($0.sums)] as Json }
        return ["currency": .text(totals.currency), "sums": json(totals.sums), "brands": .list(brands)] as Json
    }
    return [
        "batch": .from(batch.batch), "state": .text(word(batch.state)), "totals": .list(totals),
        "records": .from(batch.records), "uploaded": .from(batch.uploaded), "sends": .from(batch.sends),
        "host_code": .from(batch.hostCode), "reason": .from(batch.reason), "next": .from(batch.next),
        "missed_ms": .from(batch.missedMs), "refusals": .from(batch.refusals),
        "decision": .from(batch.decision.map { word($0) }),
    ]
}

func json(_ sums: KindSums) -> Json {
    let sum = { (sum: RecordSum) in ["count": .from(sum.count), "minor": .from(sum.minor)] as Json }
    return [
        "sales": sum(sums.sales), "voids": sum(sums.voids), "refunds": sum(sums.refunds),
        "net_minor": .from(sums.netMinor),
    ]
}

func json(_ view: ExitView) -> Json {
    let items = view.items.map { item in
        var (by, reason) = (Json.null, Json.null)
        if case .waived(let who, let why) = item.state { (by, reason) = (.text(who), .text(why)) }
        let advice = item.advice.map { ["code": .text($0.code), "remedy": .text($0.remedy)] as Json }
        return [
            "step": .text(word(item.step)), "state": .text(word(item.state)), "by": by, "reason": reason,
            "blockers": .list(item.blockers.map { json($0) }), "advice": advice ?? .null,
        ] as Json
    }
    return ["items": .list(items), "is_left": .flag(view.isLeft), "checkpoint": .from(view.checkpoint)]
}

func json(_ page: DifferencePage) throws -> Json {
    ["differences": .list(try page.differences.map { try json($0) }), "more": .flag(page.more)]
}

private func json(_ difference: Difference) throws -> Json {
    let line = difference.line.map { line in
        [
            "number": .from(line.number), "date": .text(line.date), "amount_minor": .from(line.amountMinor),
            "currency": .text(line.currency), "kind": .from(line.kind.map { word($0) }), "rrn": .from(line.rrn),
            "stan": .from(line.stan), "batch": .from(line.batch), "order": .from(line.order),
            "card_masked": .from(line.cardMasked),
        ] as Json
    }
    let words = try describeDifference(difference: difference, language: .en)
    return [
        "kind": .text(word(difference.kind)), "why": .from(difference.why), "remedy": .text(difference.remedy),
        "line": line ?? .null, "attempt": .from(difference.attempt), "refund": .from(difference.refund),
        "sequence": .from(difference.sequence), "ours_minor": .from(difference.oursMinor),
        "our_date": .from(difference.ourDate),
        "words": ["what": .text(words.what), "why": .from(words.why), "todo": .text(words.todo)],
    ]
}

func json(_ summary: StatementSummary) -> Json {
    let counts = summary.differences
    return [
        "source": .text(word(summary.source)), "from": .from(summary.from), "to": .from(summary.to),
        "lines": .from(summary.lines), "passed_over": .from(summary.passedOver),
        "to_look_at": .from(summary.toLookAt), "sequence": .from(summary.sequence),
        "operator": .from(summary.operator),
        "differences": [
            "missing": .from(counts.missing), "unexpected": .from(counts.unexpected), "amount": .from(counts.amount),
            "duplicate": .from(counts.duplicate), "wrong_day": .from(counts.wrongDay),
            "wrong_sign": .from(counts.wrongSign), "not_mine": .from(counts.notMine), "fee": .from(counts.fee),
        ],
    ]
}
