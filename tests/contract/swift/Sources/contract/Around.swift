// What a step does around the face: cards, notices, hosts, faults.

import Foundation
import Taptill
import TaptillSandbox

extension Bench {
    func act(_ name: String, _ keys: Args) throws -> Json {
        var with = keys
        switch name {
        case "tap": try tap(&with)
        case "collide":
            try with.finish()
            try waitForField()
            _ = try succeeded("collision", Args())
        case "paused":
            try with.finish()
            try device.wait(patience) { $0.paused ? true : nil }.orTimeout("the card was never asked so far")
        case "release":
            try with.finish()
            device.tell { $0.released = true }
        case "heard":
            let notices = try with.texts("notices")
            try with.finish()
            try heard(notices)
        case "wait_state": return try waitState(&with)
        case "rotate_keys", "renew_passwords":
            try with.finish()
            try onceKeysRest(name)
        case "wait_standing": return try waitStanding(&with)
        case "kinds":
            let kinds = try with.texts("kinds")
            try with.finish()
            try follow(kinds)
        case "wait_batch": return try waitBatch(&with)
        case "exported":
            try with.finish()
            return .object(device.look().exported.mapValues { .text(String(decoding: $0, as: UTF8.self)) })
        case "host", "files", "statement", "acquirer":
            let told = try asked(
                with.rest().merging(["do": .text(name), "home": .text(till.home)]) { _, ours in ours })
            return ["statement", "acquirer"].contains(name) ? told : .null
        case "closings":
            try with.finish()
            return try asked(["do": "book", "home": .text(till.home)])["batches"]
        case "book":
            try with.finish()
            return try book()
        case "agree":
            try with.finish()
            try agree()
        case "reads": try reads(&with)
        case "asked":
            try with.finish()
            try device.wait(patience) { $0.isReading ? true : nil }.orTimeout("the certified reader was not asked")
        case "network":
            let posture = try oneOf(with.text("posture"), Self.postures)
            try with.finish()
            device.tell { $0.posture = posture }
        case "clock":
            let shifts = Shifts(
                wallMs: try with.optionalWhole("shift_ms", as: Int64.self) ?? 0,
                monoMs: try with.optionalWhole("mono_shift_ms", as: Int64.self) ?? 0,
                boots: try with.optionalWhole("boots", as: Int64.self) ?? 0)
            try with.finish()
            device.tell { $0.shifts = shifts }
        case "port": try port(&with)
        case "lose_keys":
            try with.finish()
            device.loseKeys()
        case "fill":
            let count = try with.whole("count", as: Int64.self)
            try with.finish()
            for minor in 1...max(1, count) {
                _ = try succeeded("start_sale", Args(raw: ["minor": .number(minor)]))
                _ = try succeeded("cancel_operation", Args())
            }
        case "count_pages": return try countPages(&with)
        case "count_events": return try countEvents(&with)
        case "screen": return try screen(.object(with.rest()))
        case "desk_sign_in": try deskSignIn(&with)
        default: throw Failure(.unknown, "there is no step \(name)")
        }
        return .null
    }

    private static let postures: [Posture] = [
        .trusted, .openWifi, .captivePortal, .proxied, .userAuthority, .vpn, .clockWrong, .unknown, .absent,
    ]

    private func tap(_ with: inout Args) throws {
        let (name, again) = (try with.optionalText("card"), try with.flag("again"))
        let pauseAt = try with.optionalWhole("pause_at", as: Int.self)
        let (fault, at) = (try with.optionalText("fault"), try with.optionalWhole("at", as: Int.self) ?? 1)
        try with.finish()
        if let fault { try Device.check("card", fault) }
        let address: String
        switch (name, again, card) {
        case (.some(let name), false, _): address = try stand.card(name)
        case (nil, true, .some(let last)): address = last
        default: throw Failure(.unknown, "a tap has either a card or the last one again")
        }
        card = address
        try waitForField()
        device.tell { ($0.paused, $0.released) = (false, false) }
        let channel = Tap(device, address, patience, pauseAt: pauseAt, fault: fault.map { (at, $0) })
        do {
            if let desk { try desk.present(channel: channel) } else { try opened().present(channel: channel) }
        } catch let error as TillError {
            throw Failure(.mismatch, "it failed with \(json(error))")
        }
    }

    private func reads(_ with: inout Args) throws {
        let (card, fault) = (try with.optionalText("card"), try with.optionalText("fault"))
        let spoil = try with.optionalText("spoil")
        try with.finish()
        let next: NextRead
        switch (card, fault) {
        case (.some(let card), nil) where spoil.map(CaseReader.spoils.contains) ?? true:
            next = .card(card, spoil: spoil)
        case (nil, .some(let fault)) where spoil == nil:
            try Device.check("reader", fault)
            next = .fault(fault)
        default: throw Failure(.unknown, "a read has either a card or a fault, and is spoilt in a way that is listed")
        }
        device.tell { $0.reads.append(next) }
    }

    /// Waits until the field is on for a tap, and uses it.
    private func waitForField() throws {
        let hasDesk = desk != nil
        try device.wait(patience) { state -> Bool? in
            if hasDesk {
                guard state.screens.count > state.screensUsed, state.screens.last?.fieldOn == true else { return nil }
                state.screensUsed = state.screens.count
                return true
            }
            let fields = state.notices.count { $0 == "field_on" }
            guard state.notices.last(where: { $0.hasPrefix("field_") }) == "field_on", fields > state.fieldsUsed else {
                return nil
            }
            state.fieldsUsed = fields
            return true
        }.orTimeout("the field was not on")
    }

    private func heard(_ notices: [String]) throws {
        try device.wait(patience) { state -> Bool? in
            var place = state.heard
            for notice in notices {
                guard let found = state.notices[place...].firstIndex(of: notice) else { return nil }
                place = found + 1
            }
            state.heard = place
            return true
        }.orTimeout("\(notices) were not heard, but \(device.look().notices)")
    }

    private func waitState(_ with: inout Args) throws -> Json {
        let (attempt, wanted) = (try with.text("attempt"), try with.text("state"))
        try with.finish()
        let deadline = Date(timeIntervalSinceNow: patience)
        while true {
            let view = try succeeded("status", Args(raw: ["attempt": .text(attempt)]))
            if view["state"].text == wanted { return view }
            guard Date() < deadline else { throw Failure(.timeout, "it is \(view["state"])") }
            Thread.sleep(forTimeInterval: 0.005)
        }
    }

    private func waitStanding(_ with: inout Args) throws -> Json {
        let wanted = try with.text("standing")
        try with.finish()
        let deadline = Date(timeIntervalSinceNow: patience)
        while true {
            let state = try succeeded("state", Args())
            if state["standing"].text == wanted { return state }
            guard Date() < deadline else { throw Failure(.timeout, "it is \(state["standing"])") }
            Thread.sleep(forTimeInterval: 0.005)
        }
    }

    private func waitBatch(_ with: inout Args) throws -> Json {
        let wanted = try with.text("state")
        let number = with.optional("number")
        let deadline = Date(timeIntervalSinceNow: patience)
        try with.finish()
        while true {
            let view = try succeeded("batch", Args(raw: number.map { ["number": $0] } ?? [:]))
            if view["state"].text == wanted { return view }
            guard Date() < deadline else { throw Failure(.timeout, "it is \(view["state"])") }
            Thread.sleep(forTimeInterval: 0.005)
        }
    }

    /// Makes a call that changes the keys, as soon as an earlier change is through.
    private func onceKeysRest(_ name: String) throws {
        let deadline = Date(timeIntervalSinceNow: patience)
        while case .failure(let error) = try call(name, Args()) {
            guard error.facts.code == "key_rotation_unfinished" else {
                throw Failure(.mismatch, "it failed with \(json(error))")
            }
            guard Date() < deadline else { throw Failure(.timeout, "an earlier change is not through") }
            Thread.sleep(forTimeInterval: 0.005)
        }
    }

    /// The journal has events of these kinds in this order; others may lie between.
    private func follow(_ wanted: [String]) throws {
        var (cursor, kinds, more) = (UInt64(0), [String](), true)
        while more {
            let after = cursor
            let page = try unfailing { try self.opened().events().after(cursor: after, limit: 100) }
            (cursor, more) = (page.events.last?.cursor ?? cursor, page.more)
            kinds += page.events.map(\.kind)
        }
        var place = kinds.startIndex
        for kind in wanted {
            guard let found = kinds[place...].firstIndex(of: kind) else {
                throw Failure(.mismatch, "\(kind) does not follow in \(kinds)")
            }
            place = found + 1
        }
    }

    private func book() throws -> Json {
        try asked(["do": "book", "home": .text(till.home)])["entries"]
    }

    /// The till's attempts and the host's book say the same of the money.
    private func agree() throws {
        let ours = try succeeded("list", Args(raw: ["limit": 100]))["attempts"].list ?? []
        let booked = try book().list ?? []
        let key = { (row: Json, amount: String) in "\(row["batch"]) \(row["stan"]) \(row[amount])" }
        let approved = Set(ours.filter { $0["state"].text == "approved" }.map { key($0, "minor") })
        let charged = Set(booked.filter { $0["net_minor"] != 0 }.map { key($0, "net_minor") })
        guard approved == charged else {
            throw Failure(.mismatch, "approved here \(approved.sorted()), charged there \(charged.sorted())")
        }
    }

    private func port(_ with: inout Args) throws {
        let (port, method) = (try with.text("port"), try with.optionalText("method"))
        let fault = try with.optionalText("fault")
        try with.finish()
        guard !["card", "reader"].contains(port) else { throw Failure(.unknown, "\(port) is no port") }
        try Device.check(port, fault ?? "undeclared")
        device.tell { $0.faults[method.map { "\(port).\($0)" } ?? port] = fault }
    }

    private func countPages(_ with: inout Args) throws -> Json {
        var query = try query(&with)
        try with.finish()
        var (pages, attempts, distinct) = (0, 0, Set<String>())
        repeat {
            let asked = query
            let page = try unfailing { try self.payments().list(query: asked) }
            (pages, attempts) = (pages + 1, attempts + page.attempts.count)
            distinct.formUnion(page.attempts.map(\.attempt))
            query = ListQuery(
                limit: query.limit, fromMs: query.fromMs, toMs: query.toMs, order: query.order, cursor: page.next)
        } while query.cursor != nil
        return ["pages": .from(pages), "attempts": .from(attempts), "distinct": .from(distinct.count)]
    }

    private func countEvents(_ with: inout Args) throws -> Json {
        let limit = try with.whole("limit", as: UInt32.self)
        try with.finish()
        var (cursor, pages, events, distinct) = (UInt64(0), 0, 0, Set<UInt64>())
        var more = true
        while more {
            let after = cursor
            let page = try unfailing { try self.opened().events().after(cursor: after, limit: limit) }
            (pages, events) = (pages + 1, events + page.events.count)
            cursor = page.events.last?.cursor ?? cursor
            distinct.formUnion(page.events.map(\.cursor))
            more = page.more
        }
        return ["pages": .from(pages), "events": .from(events), "distinct": .from(distinct.count)]
    }

    private func screen(_ expected: Json) throws -> Json {
        try device.wait(patience) { state -> Json? in
            guard let last = state.screens.last.map({ json($0) }) else { return nil }
            do {
                try compare(expected, last)
                return last
            } catch let failure as Failure where failure.kind == .mismatch {
                return nil
            }
        }.orTimeout("\(expected) was not shown, but \(device.look().screens.last.map { json($0) } ?? .null)")
    }

    /// What a person does at the screen that asks who is there.
    private func deskSignIn(_ with: inout Args) throws {
        let (name, password) = try person(&with, .alice)
        try with.finish()
        _ = try screen(["kind": "sign_in"])
        let desk = try self.desk.orUnknown("no desk was opened")
        try unfailing {
            try lending(name) { try desk.enter(field: .operator, typed: $0) }
            try lending(password) { try desk.enter(field: .password, typed: $0) }
            try desk.send(intent: .signIn)
        }
    }

    private func unfailing<Value>(_ call: () throws -> Value) throws -> Value {
        do {
            return try call()
        } catch let error as TillError {
            throw Failure(.mismatch, "it failed with \(json(error))")
        }
    }

    private func asked(_ request: [String: Json]) throws -> Json {
        let line = try JSONEncoder().encode(Json.object(request))
        do {
            return try JSONDecoder().decode(Json.self, from: try stand.ask(line: line))
        } catch let error as SandboxError {
            throw Failure(.unknown, "the stand: \(error)")
        }
    }
}

extension Optional {
    @discardableResult
    func orTimeout(_ why: @autoclosure () -> String) throws -> Wrapped {
        guard let self else { throw Failure(.timeout, why()) }
        return self
    }
}
