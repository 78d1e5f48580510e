"""Teachers for CR-Distill: who writes the rationales that the student learns from."""

from skllm.train.teachers.kinematic import KinematicTeacher
from skllm.train.teachers.local import LocalTeacher
from skllm.train.teachers.rationales import Rationales, collect_rationales
from skllm.train.teachers.records import Asked, NoAnswer, Teacher
from skllm.train.teachers.server import ServerTeacher

__all__ = ["Asked", "KinematicTeacher", "LocalTeacher", "NoAnswer", "Rationales", "ServerTeacher", "Teacher", "collect_rationales"]
