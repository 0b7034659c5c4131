"""Leakage recovery by variants: which cell takes which gate length or threshold, so that no clock is missed."""

from finevh.polybias.assign import BiasResult, assign_variants, slack_threshold, stage_order, variant_shares

__all__ = ["BiasResult", "assign_variants", "slack_threshold", "stage_order", "variant_shares"]
