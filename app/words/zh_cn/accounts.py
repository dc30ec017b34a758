"""Chinese sentences about accounts, signing in and the database."""

SENTENCES: dict[str, str] = {
    "setup_done": "此 Hearth 已完成初始设置。请登录，或请管理者为你添加账户。",
    "setup_token_wrong": "设置令牌不正确。请使用 Hearth 启动时显示的令牌；它也保存在数据文件夹的 setup-token 文件中。",
    "sign_in_wrong": "用户名或密码不正确。请重试；此 Hearth 的管理者可以为你设置新密码。",
    "sign_in_throttled": "尝试次数过多。请等待 {seconds} 秒后再试。",
    "password_too_short": "密码至少需要 {least} 个字符。请换一个更长的密码。",
    "password_too_long": "密码最多 {most} 个字符。请换一个更短的密码。",
    "password_invalid": "密码中含有无法识别的字符。请手动输入，不要粘贴。",
    "name_invalid": "名称需要 1 到 {most} 个字符，且不能含有不可见字符。请换一个名称。",
    "name_taken": "已有名为 {name} 的账户。请换一个名称。",
    "person_unknown": "没有名为 {name} 的账户。请检查拼写，或用以下命令添加：hearth users add",
    "label_invalid": "令牌需要一个 1 到 {most} 个字符的名称，以便日后知道它的用途。",
    "database_url_invalid": "HEARTH_DATABASE_URL 无法使用（{reason}）。请留空以使用数据文件夹中的数据库，或改正它。",
    "database_unreachable": "数据库 {database} 没有响应（{reason}）。请启动它，或改正 HEARTH_DATABASE_URL。",
    "database_broken": "无法读取数据库 {database}（{reason}）。请恢复备份，或移走该文件后重新开始。",
    "database_newer": (
        "数据库 {database} 曾被更新版本的 Hearth 使用（版本为 {revision}）。请启动那个新版本，或恢复之前的备份。"
        "数据没有任何改动。"
    ),
    "storage_full": (
        "Hearth 无法保存数据：数据文件夹所在磁盘已满或无法写入（{reason}）。请腾出空间或恢复写入权限，然后重试。"
    ),
    "data_dir_not_writable": (
        "Hearth 无法写入文件夹 {path}（{reason}）。请把它交给运行 Hearth 的用户：chown -R {uid}:{gid} '{path}'，"
        "或用 HEARTH_DATA_DIR 指定其他文件夹。"
    ),
    "admin_only": "只有这个 Hearth 的管理员可以这样做。请向管理员提出。",
}
