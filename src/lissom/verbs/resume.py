"""`lissom resume`: an interrupted run -> a finished one, as if nothing had happened."""

from lissom.training.resume import resume, resume_point

__all__ = ["resume", "resume_point"]
