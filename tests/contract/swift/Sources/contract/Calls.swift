// The calls: each is one call of the face.

import Foundation
import Taptill

extension Bench {
    /// What a call gave: a result, or the face's error. Anything else that is thrown fails the case.
    func call(_ name: String, _ with: Args) throws -> Result<Json, TillError> {
        do {
            return .success(try made(name, with))
        } catch let error as TillError {
            return .failure(error)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.mismatch, "it threw what it does not declare: \(error)")
        }
    }

    private func made(_ name: String, _ keys: Args) throws -> Json {
        var with = keys
        switch name {
        case "provision":
            let bytes = try bytes(&with)
            try with.finish()
            try provisionTill(home: till.home, provisioning: bytes, ports: device.ports())
            return .null
        case "inspect":
            try with.finish()
            return json(try inspectTill(home: till.home, ports: device.ports()))
        case "open":
            try with.finish()
            terminal = try Terminal.open(home: till.home, ports: device.ports())
            return .null
        case "state", "info", "verify", "close", "collision":
            try with.finish()
            return try ofTerminal(name)
        case "start_sale":
            return try startSale(&with)
        case "await_outcome":
            try with.finish()
            let operation = try self.operation.orUnknown("no sale was started")
            return json(try wait { try await operation.awaitOutcome() })
        case "cancel_operation":
            try with.finish()
            return json(try operation.orUnknown("no sale was started").cancel())
        case "cancel", "status":
            let attempt = try with.text("attempt")
            try with.finish()
            let payments = try payments()
            return json(
                name == "cancel" ? try payments.cancel(attempt: attempt) : try payments.status(attempt: attempt))
        case "list":
            let query = try query(&with)
            try with.finish()
            return json(try payments().list(query: query))
        case "resolve":
            try with.finish()
            let payments = try payments()
            return json(try wait { try await payments.resolve() })
        case "receipt":
            let (attempt, request) = (try with.text("attempt"), try receipt(&with))
            try with.finish()
            return .text(try payments().receipt(attempt: attempt, request: request))
        case "events_after":
            let cursor = try with.optionalWhole("cursor", as: UInt64.self)
            let limit = try with.optionalWhole("limit", as: UInt32.self) ?? 100
            try with.finish()
            return json(try opened().events().after(cursor: cursor, limit: limit))
        case "acknowledge":
            let cursor = try with.whole("cursor", as: UInt64.self)
            try with.finish()
            try opened().events().acknowledge(cursor: cursor)
            return .null
        case "facts_of", "describe":
            let (code, language) = (try with.text("code"), try language(&with))
            try with.finish()
            let facts = try factsOf(code: code)
            return name == "facts_of" ? json(facts) : json(try describeError(facts: facts, language: language))
        case "error_codes":
            try with.finish()
            return .list(try errorCodes().map(Json.text))
        default:
            return try ofAfter(name, &with) ?? ofIncident(name, &with) ?? ofGoodbye(name, &with)
                ?? ofPeople(name, &with)
                ?? ofProofs(name, &with) ?? ofDesk(name, &with)
        }
    }

    private func ofTerminal(_ name: String) throws -> Json {
        let terminal = try opened()
        switch name {
        case "state": return json(try terminal.state())
        case "info": return json(try terminal.info())
        case "verify": return json(try terminal.verify())
        case "close": try terminal.close()
        default: try terminal.collision()
        }
        return .null
    }

    private func startSale(_ with: inout Args) throws -> Json {
        let amount = Amount(
            minor: try with.whole("minor", as: Int64.self), currency: try with.text("currency", or: "CNY"))
        let order = SaleOrder(
            attempt: try with.optionalText("attempt"), amount: amount, order: try with.optionalText("order"))
        try with.finish()
        let started = try payments().startSale(order: order)
        operation = started
        return ["attempt": .text(try started.attempt())]
    }

    private func ofDesk(_ name: String, _ with: inout Args) throws -> Json {
        if name == "desk_open" {
            let language = try language(&with)
            try with.finish()
            desk = try Desk.open(home: till.home, ports: device.ports(), language: language, display: device)
            return .null
        }
        if name == "desk_enter" {
            let field = try oneOf(with.text("field"), Self.fields)
            let typed = try with.text("text")
            try with.finish()
            let desk = try self.desk.orUnknown("no desk was opened")
            try lending(typed) { try desk.enter(field: field, typed: $0) }
            return .null
        }
        let intent = name == "desk_send" ? try intent(&with) : nil
        try with.finish()
        let calls = ["desk_send", "desk_screen", "desk_recovery_code", "desk_provision", "desk_close"]
        guard calls.contains(name) else { throw Failure(.unknown, "there is no call \(name)") }
        let desk = try self.desk.orUnknown("no desk was opened")
        switch name {
        case "desk_screen": return json(try desk.screen())
        case "desk_recovery_code": return try desk.recoveryCode().map(text) ?? .null
        case "desk_provision": try desk.provision(provisioning: file)
        case "desk_close": try desk.close()
        default: if let intent { try desk.send(intent: intent) }
        }
        return .null
    }

    private static let fields: [FieldName] = [.operator, .password, .newPassword, .newPasswordAgain, .recoveryCode]

    func opened() throws -> Terminal {
        try terminal.orUnknown("no terminal was opened")
    }

    func payments() throws -> Payments {
        try opened().payments()
    }

    /// The bytes of the stand's file, or what a case makes of them.
    private func bytes(_ with: inout Args) throws -> Data {
        guard let made = with.optional("file") else { return file }
        var keys = try Args(raw: made)
        let (text, cut) = (try keys.optionalText("text"), try keys.optionalWhole("cut", as: Int.self))
        let swap = keys.optional("swap")?.list?.compactMap(\.text)
        try keys.finish()
        switch (text, cut, swap) {
        case (.some(let text), nil, nil): return Data(text.utf8)
        case (nil, .some(let count), nil): return Data(file.prefix(count))
        case (nil, nil, .some(let swap)) where swap.count == 2:
            var whole = String(decoding: file, as: UTF8.self)
            guard let place = whole.range(of: swap[0]) else { throw Failure(.unknown, "nothing to swap by \(swap)") }
            whole.replaceSubrange(place, with: swap[1])
            return Data(whole.utf8)
        default: throw Failure(.unknown, "a file is made in one way")
        }
    }

    func query(_ with: inout Args) throws -> ListQuery {
        ListQuery(
            limit: try with.optionalWhole("limit", as: UInt32.self) ?? 20,
            fromMs: try with.optionalWhole("from_ms", as: Int64.self),
            toMs: try with.optionalWhole("to_ms", as: Int64.self),
            order: try with.optionalText("order"), cursor: try with.optionalText("cursor"))
    }

    func receipt(_ with: inout Args) throws -> ReceiptRequest {
        ReceiptRequest(
            width: try width(&with), language: try language(&with),
            copy: try oneOf(with.text("copy", or: "customer"), [.merchant, .customer]))
    }

    func width(_ with: inout Args) throws -> ReceiptWidth {
        try oneOf(with.text("width", or: "c32"), [.c32, .c48])
    }

    func language(_ with: inout Args) throws -> Language {
        try oneOf(with.text("language", or: "en"), [.en, .zhCn])
    }

    private func intent(_ with: inout Args) throws -> Intent {
        let name = try with.text("intent")
        switch name {
        case "digit": return .digit(digit: try with.whole("digit", as: UInt8.self))
        case "open": return .open(attempt: try with.text("attempt"))
        case "receipt": return .receipt(attempt: try with.text("attempt"))
        case "operator": return .operator(name: try with.text("name"))
        case "to_reset_operator": return .toResetOperator(name: try with.text("name"))
        case "reset_operator": return .resetOperator(name: try with.text("name"))
        case "remove_operator": return .removeOperator(name: try with.text("name"))
        case "remove_and_rotate": return .removeAndRotate(name: try with.text("name"))
        case "add_operator": return .addOperator(role: try role(&with))
        case "use_language": return .useLanguage(language: try language(&with))
        default:
            return try oneOf(
                name,
                [
                    .doubleZero, .backspace, .charge, .cancel, .newSale, .tryAgain, .history, .olderPage, .newerPage,
                    .settings, .resolve, .verify, .back, .provision, .claim, .signIn, .unlock, .lock, .signOut,
                    .switchOperator, .toChangePassword, .changePassword, .toRecover, .recover, .written, .operators,
                    .signInByBiometric, .unlockByBiometric, .toEnrolBiometric, .enrolBiometric, .forgetBiometric,
                    .toNewRecoveryCode, .newRecoveryCode, .acceptRollBack,
                    .toAddOperator, .foreground, .background, .readerOff, .readerReady,
                ])
        }
    }
}

/// The one of these whose word this is.
func oneOf<Value>(_ name: String, _ all: [Value]) throws -> Value {
    guard let found = all.first(where: { word($0) == name }) else {
        throw Failure(.unknown, "there is no word \(name) here")
    }
    return found
}

extension Optional {
    /// What is in its place; a call whose place is empty fails the case.
    func orUnknown(_ why: String) throws -> Wrapped {
        guard let self else { throw Failure(.unknown, why) }
        return self
    }
}
