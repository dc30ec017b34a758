"""People who stand in line for one model with a number of slots, by a clock of our own."""

from app.engine.queue import Ticket, TurnQueue


class Line:
    """A queue for one model with a number of slots."""

    def __init__(self, slots: int = 1, max_waiting: int = 100) -> None:
        self.now = 0.0
        self.queue: TurnQueue[str] = TurnQueue(max_waiting, slots, lambda: self.now)
        self.slots = slots
        self.order: list[str] = []
        self.running: list[Ticket[str]] = []

    def join(self, person: str, is_background: bool = False) -> Ticket[str]:
        ticket = self.queue.join(person, "model", is_background)
        self.serve()
        return ticket

    def serve(self) -> None:
        for ticket in self.queue.serve(lambda group, _: self.queue.num_running(group) < self.slots):
            self.order.append(ticket.person)
            self.running.append(ticket)

    def finish_first(self) -> None:
        ticket = self.running.pop(0)
        self.queue.learn(ticket)
        self.queue.leave(ticket)
        self.serve()
