"""Parts of stage `publish_summary`: what the reports need beside the results of the stages."""
