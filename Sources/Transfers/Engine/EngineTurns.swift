/// The engine's turns, and the transfers that have used their share of one and wait to go on: one of them does in each turn.
///
/// So no number of peers that send without end takes more of a turn than one of them does. The engine's thread alone touches it.
final class EngineTurns {
    let watch: TurnWatch
    var number = 0
    var waiting: [Hop] = []

    init(watch: TurnWatch) { self.watch = watch }
}
