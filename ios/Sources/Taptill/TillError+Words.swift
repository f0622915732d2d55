// What an error says to a program and to a person. The words are the core's.

extension TillError {
    /// What is particular: the code, whether money moved, what to do next. The same in every variant.
    public var facts: ErrorFacts {
        switch self {
        case .Integration(let facts), .Busy(let facts), .User(let facts), .Tap(let facts), .Device(let facts),
            .Integrity(let facts), .Auth(let facts), .Network(let facts), .Outcome(let facts), .Refund(let facts),
            .Lifecycle(let facts), .Storage(let facts):
            facts
        }
    }

    /// What happened, what to do now, and whether money moved.
    public func words(_ language: Language) throws -> ErrorWords {
        try describeError(facts: facts, language: language)
    }
}
