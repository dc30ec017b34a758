"""Simplified Chinese sentences about: requests that are refused at once, and the pages to sign in and set up."""

SENTENCES: dict[str, str] = {
    # The gate.
    "host_unknown": (
        "Hearth 不认识“{host}”这个主机名。如果它确实是您的地址，请把 HEARTH_PUBLIC_URL 设为您使用的网址，"
        "或把这个名字加进 HEARTH_ALLOWED_HOSTS，然后重新启动 Hearth。"
    ),
    "origin_foreign": (
        "这个请求来自 {origin} 的页面，而 Hearth 只接受自己 {own} 页面发出的请求。请直接打开 Hearth 再试一次。"
        "如果您通过隧道或代理访问，请把 HEARTH_PUBLIC_URL 设为您使用的网址。"
    ),
    "body_too_large": "内容太大，一次请求最多 {kilobytes} KB。请分几次发送。",
    "not_signed_in": "请先登录。",
    "token_missing": "这里需要 API 令牌：请发送“Authorization: Bearer 令牌”。用 `hearth tokens create` 可以创建一个。",
    "token_wrong": "这个 API 令牌无效，或已经失效。用 `hearth tokens create` 可以创建新的。",
    # Requests.
    "route_unknown": "{path} 不存在。可用的地址都列在 /api/docs。",
    "method_unknown": "{path} 不支持这种请求方法。支持哪些方法见 /api/docs。",
    "http_error": "请求被拒绝（HTTP {status}）。请检查后重新发送。",
    "internal_error": "Hearth 内部出错了。请再试一次；如果仍然如此，原因在 Hearth 的日志里。",
    "pages_starting": "Hearth 正在启动，页面马上会自动打开。",
    "pages_failed": "Hearth 的页面无法显示，原因见 Hearth 的日志。API 可以使用。",
    "reason_unknown": "失败了，但这个版本的 Hearth 不知道原因（{code}）。请再试一次。",
    "request_no_body": "请求里没有可以读取的内容。请发送 JSON，并带上 Content-Type: application/json。",
    "request_no_json": "内容不是有效的 JSON。请改正后重新发送。",
    "request_field_missing": "缺少字段“{field}”。请补上后重新发送。",
    "request_field_unknown": "这里没有字段“{field}”。请去掉它，或检查拼写。",
    "request_field_not_above": "字段“{field}”必须大于 {limit}。",
    "request_field_too_small": "字段“{field}”太小，界限是 {limit}。",
    "request_field_too_big": "字段“{field}”太大，界限是 {limit}。",
    "request_field_too_short": "字段“{field}”太短，至少需要 {limit}。",
    "request_field_too_long": "字段“{field}”太长，最多 {limit}。",
    "request_field_wrong": "字段“{field}”的值不能用。请参阅 /api/docs。",
    # Pages.
    "page_problem_title": "没有成功",
    "page_starting_title": "请稍等",
    "page_back": "返回 Hearth",
    "page_name": "名字",
    "page_password": "密码",
    "page_sign_in_title": "欢迎回来",
    "page_sign_in_intro": "登录后继续您的对话。",
    "page_sign_in_button": "登录",
    "page_sign_in_forgotten": "忘记密码了？请让管理这台 Hearth 的人为您设一个新的。",
    "page_set_up_title": "欢迎使用 Hearth",
    "page_set_up_intro": "您家自己的聊天助手已经在运行。创建第一个账户就可以开始。",
    "page_set_up_token": "设置令牌",
    "page_set_up_token_hint": "它证明这台机器是您的。Hearth 启动时已经打印出来；文件 {file} 里也有。",
    "page_set_up_name_hint": "您希望在这里怎么被称呼。",
    "page_set_up_password_hint": "至少 {least} 个字符；连着写几个词就是不错的密码。",
    "page_set_up_button": "创建我的账户",
    "page_set_up_note": "在这里说的一切都留在这台机器上。",
    "page_docs_title": "Hearth 的 API",
    "page_docs_intro": (
        "用 Cookie 登录（POST /api/v1/session），或发送“Authorization: Bearer 令牌”，"
        "令牌由 `hearth tokens create` 创建。被拒绝时的回答是 {shape}。"
    ),
    "page_docs_machine": "供程序读取的版本：",
    "page_docs_required": "必填",
}
