"""Whether a release may go live: figures of it and of the live one, a policy, and the verdict."""
